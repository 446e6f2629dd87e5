"""Labs for tests: small, of a name of their own, and taken down whatever happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

from hardway.lab import operations
from hardway.lab.provider import LabProvider
from hardway.machines.ssh import connect
from hardway.machines.transport import Unreachable
from hardway.spec.model import Cluster, Lab, Machine, Machines


def small_cluster(name: str, *machines: str, api_port: int = 0) -> Cluster:
    """Machines at 10.0.0.10 and on. The name is this test process's own."""
    first = IPv4Address("10.0.0.10")
    masters = tuple(Machine(name=machine, address=first + number) for number, machine in enumerate(machines))
    return Cluster(
        name=f"{name}-{os.getpid()}",
        machines=Machines(masters=masters, workers=(), balancers=()),
        lab=Lab(api_port=api_port),
    )


@dataclass(frozen=True)
class RunningLab:
    """A lab that is up."""

    cluster: Cluster

    async def on(self, machine: str, script: str) -> str:
        """The output of a script on a machine, by SSH through its endpoint. Raises Unreachable."""
        endpoint = await LabProvider().endpoint(self.cluster, machine)
        assert endpoint is not None
        transport = await connect(endpoint)
        try:
            result = await transport.run(script)
        finally:
            await transport.close()
        assert result.exit_code == 0, result.stderr
        return result.stdout.decode().strip()

    async def until(self, machine: str, script: str, expected: str) -> None:
        """Wait until a script answers that, through times at which the machine cannot be reached."""
        answer = ""
        async with asyncio.timeout(60):
            while answer != expected:
                try:
                    answer = await self.on(machine, script)
                except Unreachable:
                    await asyncio.sleep(0.1)

    async def states(self) -> dict[str, str]:
        return {machine.name: machine.state for machine in (await operations.status(self.cluster)).machines}


@asynccontextmanager
async def running(cluster: Cluster) -> AsyncIterator[RunningLab]:
    try:
        await operations.up(cluster)
        yield RunningLab(cluster)
    finally:
        await operations.down(cluster)
