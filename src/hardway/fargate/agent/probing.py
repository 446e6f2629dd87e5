"""HTTP and TCP probes, made by the agent over the network: it needs a way to the tasks' subnets.

A liveness probe counts as failed only where it has succeeded once for this task: a lost way must not cost live tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.health import LIVENESS, NetworkProbe, network_probes
from hardway.fargate.tasks import Task
from hardway.kube.api import Body

_GOOD: Final = range(200, 400)
Key = tuple[str, str, str]
"""uid, container, kind."""


class Prober:
    """All probes of the pods that run."""

    def __init__(self, on_change: asyncio.Event) -> None:
        self._on_change = on_change
        self._running: dict[tuple[Key, str], asyncio.Task[None]] = {}
        """By key and the task's ARN."""
        self.results: dict[Key, bool] = {}

    def see(self, all_pods: Mapping[str, Body], tasks: list[Task]) -> None:
        """Begin what is new, and end what is over."""
        wanted: dict[tuple[Key, str], tuple[NetworkProbe, str]] = {}
        for task in tasks:
            pod = all_pods.get(task.uid)
            if pod is None or task.status != "RUNNING" or not task.address:
                continue
            for probe in network_probes(pod):
                wanted[(pods.uid(pod), probe.container, probe.kind), task.arn] = (probe, task.address)
        for name in self._running.keys() - wanted.keys():
            self._running.pop(name).cancel()
            self.results.pop(name[0], None)
        for name in wanted.keys() - self._running.keys():
            probe, address = wanted[name]
            self._running[name] = asyncio.get_running_loop().create_task(self._run(name[0], probe, address))

    def close(self) -> None:
        for one in self._running.values():
            one.cancel()

    async def _run(self, key: Key, probe: NetworkProbe, address: str) -> None:
        await asyncio.sleep(probe.delay)
        good = bad = 0
        while True:
            if await attempt(probe, address):
                good, bad = good + 1, 0
            else:
                good, bad = 0, bad + 1
            if good >= probe.successes:
                self._found(key, True)
            elif bad >= probe.failures and (probe.kind != LIVENESS or key in self.results):
                self._found(key, False)
            await asyncio.sleep(probe.period)

    def _found(self, key: Key, good: bool) -> None:
        if self.results.get(key) != good:
            self.results[key] = good
            self._on_change.set()


async def attempt(probe: NetworkProbe, address: str) -> bool:
    """One probe; as the kubelet's, it verifies no certificate."""
    try:
        async with asyncio.timeout(probe.timeout):
            if probe.scheme == "tcp":
                _, writer = await asyncio.open_connection(address, probe.port)
                writer.close()
                return True
            url = f"{probe.scheme}://{address}:{probe.port}{probe.path}"
            async with httpx.AsyncClient(verify=False, trust_env=False, timeout=probe.timeout) as client:
                answer = await client.get(url, headers=dict(probe.headers))
                return answer.status_code in _GOOD
    except (OSError, TimeoutError, httpx.HTTPError, httpx.InvalidURL):
        return False
