"""The handler against a real API server: what is seen of objects and conditions, and how they are carried out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from hardway.engine.handler import Context, StepFailed
from hardway.kube.api import Access, Body
from hardway.kube.client import KubeClient
from hardway.kube.handler import SILENT, KubeHandler
from hardway.kube.waves import waves
from hardway.plan.steps import Action, Step
from hardway.resources.base import Chapter, Ref, Resource, Seen, absent
from hardway.resources.kubernetes import Condition, KubeObject
from tests.kube.conftest import RealApi

BINDING: Body = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "hardway:admins"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "hardway:admins"}],
}


def kube_object(body: Body) -> KubeObject:
    return KubeObject(chapter=Chapter.RBAC, manifest=json.dumps(body, sort_keys=True))


def config_map(name: str, namespace: str = "default", **data: str) -> KubeObject:
    meta = {"name": name, "namespace": namespace}
    return kube_object({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})


def namespace(name: str) -> KubeObject:
    return kube_object({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def step(resource: Resource, action: Action = Action.CREATE, needs: tuple[str, ...] = ()) -> Step:
    return Step(resource, action, absent(resource.id), (), "a test", needs)


class Told:
    """What the engine would be told."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.waiting: asyncio.Queue[str] = asyncio.Queue()
        self.context = Context(self._resolve, self._finished, self._waiting)

    def _resolve(self, ref: Ref) -> bytes:
        raise KeyError(ref)

    def _finished(self, step: Step) -> None:
        self.finished.append(step.id)

    def _waiting(self, _step_id: str, what: str) -> None:
        self.waiting.put_nowait(what)


async def apply(handler: KubeHandler, *steps: Step) -> Told:
    told = Told()
    await handler.apply(steps, told.context)
    return told


@pytest.fixture
async def handler(api: RealApi) -> AsyncIterator[KubeHandler]:
    handler = KubeHandler(lambda: api.kubeconfig, lambda: api.break_glass)
    yield handler
    async with KubeClient(Access(api.break_glass)) as client:
        await client.delete(BINDING["apiVersion"], BINDING["kind"], "hardway:admins")


async def seen(handler: KubeHandler, *resources: Resource) -> dict[str, dict[str, Any]]:
    found = await handler.observe(resources)
    return {one.id: dict(found[one.id].attributes) for one in resources if one.id in found}


@pytest.mark.build
async def test_what_is_applied_is_as_wanted_and_ours(handler: KubeHandler) -> None:
    wanted = (namespace("ours"), config_map("a", "ours", key="1"), kube_object(BINDING))
    assert await seen(handler, *wanted) == {}
    told = await apply(handler, *(step(one) for one in reversed(wanted)))
    assert sorted(told.finished) == sorted(one.id for one in wanted)
    found = await handler.observe(wanted)
    assert {one.id: found[one.id].attributes for one in wanted} == {one.id: {"drift": "none"} for one in wanted}
    assert all(found[one.id].owned for one in wanted)
    assert (await apply(handler, *(step(one, Action.REMOVE) for one in wanted))).finished


@pytest.mark.build
async def test_what_others_write_while_it_is_looked_at_is_no_drift(
    handler: KubeHandler, api: RealApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config_map("annotated", key="ours")
    await apply(handler, step(wanted))
    looks: list[str] = []

    async def get_then_others_write(client: KubeClient, body: Body) -> Body | None:
        live = await client.get("v1", "ConfigMap", "annotated", "default")
        if not looks:
            path = await client.path("v1", "ConfigMap", "annotated", "default")
            patch = {"metadata": {"annotations": {"theirs": "yes"}}}
            await client.request("PATCH", path, patch, content_type="application/merge-patch+json")
        looks.append("once more")
        return live

    with monkeypatch.context() as patched:
        patched.setattr("hardway.kube.observe.get", get_then_others_write)
        assert await seen(handler, wanted) == {wanted.id: {"drift": "none"}}
    assert len(looks) == 2
    await apply(handler, step(wanted, Action.REMOVE))


@pytest.mark.build
async def test_a_change_by_hand_is_told_and_mended(handler: KubeHandler, api: RealApi) -> None:
    wanted = config_map("altered", key="ours", other="too")
    await apply(handler, step(wanted))
    async with KubeClient(Access(api.break_glass)) as client:
        path = await client.path("v1", "ConfigMap", "altered", "default")
        patch = {"data": {"key": "theirs"}}
        await client.request("PATCH", path, patch, content_type="application/merge-patch+json")
    assert await seen(handler, wanted) == {wanted.id: {"drift": "data.key: theirs -> ours"}}
    await apply(handler, step(wanted, Action.CHANGE))
    assert await seen(handler, wanted) == {wanted.id: {"drift": "none"}}
    await apply(handler, step(wanted, Action.REMOVE))


@pytest.mark.build
async def test_what_we_no_longer_want_of_an_object_goes(handler: KubeHandler, api: RealApi) -> None:
    await apply(handler, step(config_map("shrinks", a="1", b="2")))
    smaller = config_map("shrinks", a="1")
    assert await seen(handler, smaller) == {smaller.id: {"drift": "data.b: 2 -> nothing"}}
    await apply(handler, step(smaller, Action.CHANGE))
    assert await seen(handler, smaller) == {smaller.id: {"drift": "none"}}
    await apply(handler, step(smaller, Action.REMOVE))


@pytest.mark.build
async def test_owned_and_no_longer_wanted_is_seen_and_removed(handler: KubeHandler) -> None:
    old = config_map("old", key="1")
    await apply(handler, step(old))
    found = await handler.observe(())
    assert [one for one in found if one == old.id]
    assert found[old.id].owned
    removal = handler.owned(found[old.id])
    assert removal.id == old.id
    await apply(handler, step(removal, Action.REMOVE))
    assert old.id not in await handler.observe(())


@pytest.mark.build
async def test_objects_of_others_are_no_business_of_ours(handler: KubeHandler) -> None:
    found = await handler.observe(())
    assert not [one for one in found if "kube-system" in one or "/default" in one]


@pytest.mark.build
async def test_a_field_that_cannot_be_changed_is_told(handler: KubeHandler) -> None:
    await apply(handler, step(kube_object(BINDING)))
    other = kube_object({**BINDING, "roleRef": {**BINDING["roleRef"], "name": "view"}})
    found = await seen(handler, other)
    assert found[other.id]["drift"].startswith("it cannot be changed in place: ")
    with pytest.raises(StepFailed) as failure:
        await apply(handler, step(other, Action.CHANGE))
    assert "field is immutable" in failure.value.what
    assert "delete the object" in failure.value.advice


@pytest.mark.build
async def test_the_admin_is_used_once_it_has_its_role(handler: KubeHandler, api: RealApi) -> None:
    alone = KubeHandler(lambda: api.kubeconfig)
    with pytest.raises(StepFailed, match="refused") as failure:
        await apply(alone, step(kube_object(BINDING)))
    assert "hardway:admins" in failure.value.advice
    await apply(handler, step(kube_object(BINDING)))
    for _ in range(100):  # until the authorizer has heard of the binding
        if await alone.observe([kube_object(BINDING)]):
            break
        await asyncio.sleep(0.1)
    wanted = config_map("by-admin", key="1")
    await apply(alone, step(wanted))
    assert await seen(alone, wanted) == {wanted.id: {"drift": "none"}}
    await apply(alone, step(wanted, Action.REMOVE))


async def test_before_there_is_an_api_nothing_is_seen() -> None:
    wanted = (config_map("a"), namespace("b"))
    it = KubeHandler(lambda: None)
    assert await it.observe(wanted) == {}
    assert it.silent == ""


async def _not_looked_at(kubeconfig: Path) -> str:
    """Why the API there is not looked at; each resource says that it was not."""
    it, wanted = KubeHandler(lambda: kubeconfig), config_map("a")
    seen = await it.observe([wanted])
    assert seen == {wanted.id: Seen(wanted.id, {}, unlooked=SILENT)}
    return it.silent


async def test_a_kubeconfig_that_cannot_be_read_is_no_way_to_look(tmp_path: Path) -> None:
    assert "missing" in await _not_looked_at(tmp_path / "missing")


@pytest.mark.build
async def test_an_api_that_refuses_or_is_silent_is_not_looked_at(api: RealApi) -> None:
    refused = api.break_glass.with_name("refused.kubeconfig")
    refused.write_text(api.break_glass.read_text().replace(api.server, "https://127.0.0.1:1"))
    assert await _not_looked_at(refused) != ""
    assert "401" in await _not_looked_at(api.stranger)
    with socket() as listener:  # connections are made, and then nobody says anything
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        silent = api.break_glass.with_name("silent.kubeconfig")
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        silent.write_text(api.break_glass.read_text().replace(api.server, url))
        async with asyncio.timeout(10):
            assert "Timeout" in await _not_looked_at(silent)


def node_ready(name: str, within: float = 20.0) -> Condition:
    return Condition(
        chapter=Chapter.WORKERS,
        api_version="v1",
        object_kind="Node",
        object_name=name,
        condition="Ready",
        within=within,
    )


async def report(client: KubeClient, name: str, status: str, message: str) -> None:
    path = await client.path("v1", "Node", name)
    body = {"status": {"conditions": [{"type": "Ready", "status": status, "message": message, "reason": "Kubelet"}]}}
    await client.request("PATCH", f"{path}/status", body, content_type="application/merge-patch+json")


@pytest.mark.build
async def test_a_condition_is_waited_for_and_tells_why(api: RealApi) -> None:
    handler = KubeHandler(lambda: api.break_glass)
    condition = node_ready("late")
    assert await seen(handler, condition) == {condition.id: {}}
    told = Told()
    waiting = asyncio.create_task(handler.apply([step(condition)], told.context))
    await _until(told, "node late: it does not exist yet")
    async with KubeClient(Access(api.break_glass)) as client:
        await client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "late"}})
        await report(client, "late", "False", "cni plugin not initialized")
        await _until(told, "node late: cni plugin not initialized")
        assert await seen(handler, condition) == {condition.id: {"holds": "no: cni plugin not initialized"}}
        await report(client, "late", "True", "")
        await waiting
        await client.delete("v1", "Node", "late")
    assert told.finished == [condition.id]


@pytest.mark.build
async def test_a_condition_that_does_not_come_true_ends_with_its_reason(api: RealApi) -> None:
    handler = KubeHandler(lambda: api.break_glass)
    with pytest.raises(StepFailed, match=r"Node/never Ready did not come true within 1 s") as failure:
        await apply(handler, step(node_ready("never", within=1.0)))
    assert failure.value.evidence == "node never: it does not exist yet"


async def _until(told: Told, what: str) -> None:
    async with asyncio.timeout(20):
        while await told.waiting.get() != what:
            pass


def test_waves_respect_needs_and_put_namespaces_first() -> None:
    space, early, late = namespace("s"), config_map("early"), config_map("late")
    steps = (step(late, needs=(early.id,)), step(early, needs=("unit:m:elsewhere",)), step(space))
    assert _ids(waves(steps)) == [[space.id], [early.id], [late.id]]


def test_removals_go_together() -> None:
    steps = [step(namespace("s"), Action.REMOVE), step(config_map("a"), Action.REMOVE)]
    assert _ids(waves(steps)) == [[one.id for one in steps]]


def _ids(found: Any) -> list[list[str]]:
    sequence: Sequence[Sequence[Step]] = list(found)
    return [[one.id for one in wave] for wave in sequence]
