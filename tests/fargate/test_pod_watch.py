"""The view of the node's pods while the API cuts watches, forgets versions, is overrun, restarts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hardway.fargate.agent.pod_watch import PodWatch
from hardway.kube.api import Access, Body
from hardway.kube.client import KubeClient
from tests.fargate.made import pod

WITHIN = 20.0


def versioned(name: str, version: int) -> Body:
    made = pod(uid=name, name=name)
    made["metadata"]["resourceVersion"] = str(version)
    return made


class Api:
    """An API with some pods, whose watches end as they are told to."""

    def __init__(self) -> None:
        self.pods: list[Body] = [versioned("a", 1)]
        self.lists = 0
        self.go_on = asyncio.Event()
        """Until it is set, watches tell nothing."""
        self.go_on.set()
        self.refuse: list[int] = []
        """Statuses of the next lists."""
        self.watches: list[list[dict[str, Any]]] = []
        """What the next watches tell before they are cut; then watches tell nothing, and go on."""

    def application(self) -> web.Application:
        made = web.Application()
        made.add_routes([web.get("/api/v1", self._kinds), web.get("/api/v1/pods", self._pods)])
        return made

    async def _kinds(self, request: web.Request) -> web.Response:
        return web.json_response({"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]})

    async def _pods(self, request: web.Request) -> web.StreamResponse:
        assert request.query["fieldSelector"] == "spec.nodeName=virtual-kubelet"
        if request.query.get("watch"):
            return await self._watch(request)
        self.lists += 1
        if self.refuse:
            return web.json_response({"message": "no"}, status=self.refuse.pop(0))
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": self.pods})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await self.go_on.wait()
        if not self.watches:
            await asyncio.sleep(60)
        for event in self.watches.pop(0):
            await response.write(json.dumps(event).encode() + b"\n")
        return response


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Api, PodWatch, asyncio.Event]]:
    made, changed = Api(), asyncio.Event()
    runner = web.AppRunner(made.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    kubeconfig = tmp_path / "kubeconfig"
    clusters = [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{runner.addresses[0][1]}"}}]
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    config = {"clusters": clusters, "contexts": [context], "users": [{"name": "u", "user": {}}], "current-context": "x"}
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    async with KubeClient(Access(kubeconfig)) as client:
        watch = PodWatch(client, "virtual-kubelet", changed.set)
        running = asyncio.create_task(watch.run())
        yield made, watch, changed
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await runner.cleanup()


async def until(changed: asyncio.Event, what: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not what():
            changed.clear()
            try:
                async with asyncio.timeout(0.1):
                    await changed.wait()
            except TimeoutError:
                pass


Served = tuple[Api, PodWatch, asyncio.Event]


async def test_changes_are_followed_and_a_watch_that_ends_is_taken_up_again(served: Served) -> None:
    api, watch, changed = served
    api.watches = [
        [{"type": "ADDED", "object": versioned("b", 8)}],
        [{"type": "DELETED", "object": versioned("a", 9)}],
    ]
    await until(changed, lambda: set(watch.pods) == {"b"})
    assert watch.healthy
    assert api.lists == 1


async def test_a_forgotten_version_lists_again_and_the_view_stays_trusted(served: Served) -> None:
    api, watch, changed = served
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    api.pods = [versioned("a", 1), versioned("c", 2)]
    api.watches = [[{"type": "ERROR", "object": gone}]]
    await until(changed, lambda: api.lists == 2)
    await until(changed, lambda: set(watch.pods) == {"a", "c"} and watch.healthy)


@pytest.mark.parametrize("status", [429, 500, 403])
async def test_while_lists_are_refused_the_view_is_not_trusted_and_what_was_seen_is_kept(
    served: Served, status: int
) -> None:
    api, watch, changed = served
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    api.watches = [[{"type": "ERROR", "object": gone}]]
    api.go_on.clear()
    await until(changed, lambda: "a" in watch.pods)
    api.pods, api.refuse = [versioned("b", 2)], [status]
    api.go_on.set()
    await until(changed, lambda: not watch.healthy)
    assert set(watch.pods) == {"a"}
    await until(changed, lambda: watch.healthy)
    assert set(watch.pods) == {"b"}


async def test_what_cannot_be_read_is_no_end_of_the_agent(served: Served) -> None:
    api, watch, changed = served
    api.watches = [[{"type": "ADDED", "object": {}}]]
    await until(changed, lambda: api.lists == 2 and watch.healthy)


def test_an_answer_never_replaces_what_is_newer(tmp_path: Path) -> None:
    watch = PodWatch(None, "n", lambda: None)  # type: ignore[arg-type]  # no request is made
    watch.pods = {"a": versioned("a", 5)}
    watch.put(versioned("a", 4))
    assert watch.pods["a"]["metadata"]["resourceVersion"] == "5"
    watch.put(versioned("a", 6))
    assert watch.pods["a"]["metadata"]["resourceVersion"] == "6"
    watch.put(versioned("gone", 7))
    assert set(watch.pods) == {"a"}
