"""Where a bench works: a spec in a temporary directory and a lab of its own, both gone at the end whatever happens."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.readiness import Ready, until_ready
from bench.report import BenchFailed
from bench.usage import processor
from hardway import app
from hardway.components.layout import BREAK_GLASS_KUBECONFIG
from hardway.lab import operations as lab
from hardway.machines.transport import Result, Transport
from hardway.operations.world import World
from hardway.spec.model import Cluster

BOOTED = "systemctl is-system-running --wait >/dev/null"


@dataclass(frozen=True, slots=True)
class Spot:
    """A spec whose lab bears a name that no other lab has."""

    spec: Path
    cluster: Cluster

    @property
    def state(self) -> Path:
        """The cluster's state directory."""
        return self.spec.parent / ".hardway" / self.cluster.name

    def world(self) -> AbstractAsyncContextManager[World]:
        return app.open_world(self.spec, locked=False, command="bench")

    async def until_ready(self, nodes: Sequence[str]) -> Ready:
        """Watch the cluster from now until it is ready. Raises BenchFailed."""
        used, began = processor(self.cluster.name), time.time()
        ready = await until_ready(self.state / BREAK_GLASS_KUBECONFIG, nodes, began)
        return replace(ready, processor=processor(self.cluster.name) - used)

    async def boot(self) -> None:
        """Machines made anew and booted to the end, nothing laid on them."""
        await lab.down(self.cluster)
        await lab.up(self.cluster)
        async with self.world() as world:
            await everywhere(world, {machine.name: BOOTED for machine in self.cluster.all_machines})


@asynccontextmanager
async def spot() -> AsyncIterator[Spot]:
    """The article's cluster of 3 masters, 3 workers and 2 balancers, as a spec; its lab is taken away at the end."""
    with tempfile.TemporaryDirectory(prefix="hardway-bench-") as folder:
        spec = Path(folder) / "cluster.yaml"
        spec.write_text(f"name: bench-{os.getpid()}\n")
        cluster = app.load_cluster(spec)
        try:
            yield Spot(spec, cluster)
        finally:
            await lab.down(cluster)


async def everywhere(world: World, scripts: Mapping[str, str]) -> Mapping[str, str]:
    """Run a script on each of these machines, all at once; their outputs. Raises BenchFailed where one fails."""
    found = await asyncio.gather(*(_run(world, machine, script) for machine, script in scripts.items()))
    return dict(zip(scripts, found, strict=True))


async def _run(world: World, machine: str, script: str) -> str:
    result: Result = await (await transport(world, machine)).run(script)
    if result.exit_code != 0:
        said = (result.stdout + result.stderr).decode(errors="replace")
        raise BenchFailed(f"{machine}: a script ended with {result.exit_code}", "\n".join(said.splitlines()[-25:]))
    return result.stdout.decode(errors="replace")


async def transport(world: World, machine: str) -> Transport:
    """The connection to a machine. Raises BenchFailed where there is none."""
    found = await world.machines.transport(machine)
    if found is None:
        raise BenchFailed(f"{machine} is not there")
    return found
