"""The agent's own probes, against a server on this computer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hardway.fargate.agent.pod_logs import BadOptions, log_options
from hardway.fargate.agent.probing import Prober, attempt
from hardway.fargate.mapping.health import LIVENESS, READINESS, NetworkProbe
from tests.fargate.made import NOW, UID, container, pod, task

LOOPBACK = "127.0.0.1"
PROBE = NetworkProbe("web", READINESS, "http", 0, "/ok", (), 0.0, 0.01, 1.0, 2, 1)


@asynccontextmanager
async def server(status: int = 200) -> AsyncIterator[int]:
    """Answers everything so; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    made = await asyncio.start_server(answer, LOOPBACK, 0)
    async with made:
        yield int(made.sockets[0].getsockname()[1])


@pytest.mark.parametrize(("status", "good"), [(200, True), (302, True), (404, False), (503, False)])
async def test_http_is_good_from_200_to_399(status: int, good: bool) -> None:
    async with server(status) as port:
        assert await attempt(replace(PROBE, port=port), LOOPBACK) is good


async def test_tcp_is_good_where_somebody_listens() -> None:
    async with server() as port:
        assert await attempt(replace(PROBE, scheme="tcp", port=port), LOOPBACK)
    assert not await attempt(replace(PROBE, scheme="tcp", port=port), LOOPBACK)


async def found(kind: str, port: int, changed: asyncio.Event) -> Prober:
    """A prober that looks after a pod whose task is at the loopback address."""
    probe: Any = {"httpGet": {"port": port}, "periodSeconds": 1, "failureThreshold": 1}
    of = pod(container(**{kind: probe}))
    made = Prober(changed)
    made.see({UID: of}, [task(of, address=LOOPBACK)])
    return made


async def test_readiness_is_found_and_lost() -> None:
    changed = asyncio.Event()
    async with asyncio.timeout(20), server() as port:
        prober = await found(READINESS, port, changed)
        await changed.wait()
        assert prober.results == {(UID, "web", READINESS): True}
    changed.clear()
    async with asyncio.timeout(20):
        await changed.wait()
    assert prober.results == {(UID, "web", READINESS): False}
    prober.see({}, [])
    assert prober.results == {}
    prober.close()


async def test_a_liveness_probe_that_never_succeeded_counts_for_nothing() -> None:
    async with server() as port:
        pass
    prober = await found(LIVENESS, port, asyncio.Event())
    await asyncio.sleep(1.5)
    assert prober.results == {}
    prober.close()


@pytest.mark.parametrize(
    "query",
    [
        {"tailLines": "-1"},
        {"tailLines": "many"},
        {"limitBytes": "0"},
        {"sinceSeconds": "5", "sinceTime": "2026-01-01T00:00:00Z"},
        {"sinceTime": "yesterday"},
    ],
)
def test_bad_options_of_logs_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadOptions):
        log_options(query, NOW)


def test_options_of_logs() -> None:
    options = log_options({"tailLines": "0", "follow": "true", "sinceSeconds": "60"}, NOW)
    assert (options.tail, options.follow, options.previous) == (0, True, False)
    assert options.since is not None and (NOW - options.since).total_seconds() == 60
