"""When a cluster is ready, as its own API says it: all nodes Ready and CoreDNS Available, seen by a watch.

Both clocks are kept: when the watch brought the news, and the API's own `lastTransitionTime`, which has no more than
whole seconds. Machines of the lab share this computer's clock, so the two can be compared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.report import BenchFailed
from hardway.kube.api import Access, ApiError, ApiUnavailable
from hardway.kube.client import KubeClient

ANSWERS_WITHIN: Final = 1.0
"""Seconds for the first answer: a way to an address that nobody holds yet hangs for longer."""

PAUSE: Final = 0.1
"""Seconds between two attempts at an API that is not there yet."""


@dataclass(frozen=True, slots=True)
class Ready:
    """When it was ready, in seconds since the beginning."""

    nodes: float
    """The last node's Ready arrived by the watch."""
    dns: float
    """CoreDNS's Available arrived."""
    stamped: float
    """The latest of the API's own stamps, cut to whole seconds by the API."""
    processor: float = 0.0
    """Seconds of processor time that the lab's machines used meanwhile."""

    @property
    def all(self) -> float:
        return max(self.nodes, self.dns)


async def until_ready(kubeconfig: Path, nodes: Sequence[str], began: float, within: float = 300.0) -> Ready:
    """Wait for it. `began` as time.time() counts, `within` in seconds. Raises BenchFailed at the end of that time."""
    seen: dict[str, tuple[float, float]] = {}
    wanted = [*nodes, "coredns"]
    try:
        async with asyncio.timeout(within):
            async with await _client(kubeconfig) as client:
                watches = (_nodes(client, set(nodes), seen), _deployment(client, seen))
                await asyncio.gather(*watches)
    except TimeoutError:
        missing = ", ".join(name for name in wanted if name not in seen)
        raise BenchFailed(f"not ready within {within:.0f} s: {missing or kubeconfig}") from None
    arrived = {name: arrival - began for name, (arrival, _) in seen.items()}
    stamped = max(since for _, since in seen.values()) - began
    return Ready(max(arrived[name] for name in nodes), arrived["coredns"], stamped)


async def _client(kubeconfig: Path) -> KubeClient:
    """Once the kubeconfig and all that it names are there: another process writes them."""
    while True:
        try:
            return KubeClient(Access(kubeconfig), ANSWERS_WITHIN)
        except ApiUnavailable:
            await asyncio.sleep(PAUSE)


async def _nodes(client: KubeClient, missing: set[str], seen: dict[str, tuple[float, float]]) -> None:
    def look(body: Mapping[str, Any]) -> bool:
        name = body["metadata"]["name"]
        if name in missing and (since := stamp(body, "Ready")) is not None:
            seen[name] = (time.time(), since)
            missing.discard(name)
        return not missing

    await _watch(client, ("v1", "Node", ""), look)


async def _deployment(client: KubeClient, seen: dict[str, tuple[float, float]]) -> None:
    def look(body: Mapping[str, Any]) -> bool:
        since = stamp(body, "Available") if body["metadata"]["name"] == "coredns" else None
        if since is not None:
            seen["coredns"] = (time.time(), since)
        return since is not None

    await _watch(client, ("apps/v1", "Deployment", "kube-system"), look)


async def _watch(client: KubeClient, what: tuple[str, str, str], look: Callable[[Mapping[str, Any]], bool]) -> None:
    """Until `look` says that it is enough. A watch that ends, or an API that is not there, is tried again."""
    while True:
        try:
            async with aclosing(client.watch(*what)) as events:
                async for event in events:
                    if look(event.object):
                        return
        except (ApiUnavailable, ApiError):
            await asyncio.sleep(PAUSE)


def stamp(body: Mapping[str, Any], condition: str) -> float | None:
    """The stamp of a condition that is True."""
    for one in body.get("status", {}).get("conditions") or ():
        if one["type"] == condition and one["status"] == "True":
            return datetime.fromisoformat(one["lastTransitionTime"]).timestamp()
    return None
