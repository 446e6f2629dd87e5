"""A cluster on simulated machines: everything is in place, and what a machine answers can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from bench.simulated import prepare, world

from hardway.engine.handler import Context
from hardway.kube.handler import KubeHandler
from hardway.machines.handler import MachineHandler
from hardway.machines.lease import LEASE, TAKEN
from hardway.machines.simulated import SimulatedTransport
from hardway.machines.simulation import SimulatedMachine
from hardway.machines.transport import Result, Unreachable
from hardway.operations.world import World
from hardway.plan.steps import Action, Step
from hardway.resources.base import Chapter, Resource, Seen

SIX = 6
MASTER, WORKER = "machine-0", "machine-5"


@dataclass
class Cluster:
    """The world, and what is the matter with its machines."""

    folder: Path
    off: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    """They run, and do not answer."""
    holder: str = ""
    """Another run that is at work."""
    done: list[str] = field(default_factory=list)
    """What was done to machines: their ids, with a sign before those taken away."""

    kinds = (SimulatedMachine.kind,)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        on = {name: "no" if name in self.off else "yes" for name in self.names}
        ids = {name: f"machine:{name}:{name}" for name in on}
        return {ids[name]: Seen(ids[name], {"running": on[name]}, owned=True) for name in on}

    def owned(self, seen: Seen) -> Resource:
        return SimulatedMachine(chapter=Chapter.MACHINES, machine=seen.id.split(":")[1])

    def batch(self, step: Step) -> str | None:
        return None

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            gone = step.action is Action.REMOVE
            self.done.append(f"-{step.machine}" if gone else step.machine)
            if gone:
                (self.folder / step.machine).unlink()
            self.off.discard(step.machine)
            self.silent.discard(step.machine)
            context.finished(step)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("machine-*"))

    def world(self) -> World:
        """Looked at for the first time."""
        here = world(self.folder, SIX)
        machines = [one.name for one in here.cluster.all_machines]
        connected = MachineHandler(self._reach, here.state.cluster_id, machines)
        return replace(here, provider_handlers=(self,), machines=connected, kube=_Api(self, here.kube))

    async def _reach(self, machine: str) -> SimulatedTransport | None:
        if machine in self.silent:
            raise Unreachable(machine, "it refuses connections")
        if machine in self.off:
            raise Unreachable(machine, "it is off")
        answer = self.folder / machine
        if not answer.exists():
            return None

        def say(script: str, stdin: bytes) -> Result:
            leasing = f"> {LEASE}" in script
            held = f"{TAKEN} {self.holder}\n".encode() if self.holder else b"held\n"
            return Result(0, held if leasing else answer.read_bytes(), b"")

        return SimulatedTransport(machine, say)

    def alter(self, machine: str, before: bytes, after: bytes) -> None:
        """Change what a machine says of itself."""
        answer = self.folder / machine
        text = answer.read_bytes()
        assert before in text
        answer.write_bytes(text.replace(before, after))


class _Api(KubeHandler):
    """It goes with its masters."""

    def __init__(self, cluster: Cluster, api: KubeHandler) -> None:
        super().__init__(lambda: None)
        self._cluster = cluster
        self._api = api

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return await self._api.observe(resources) if MASTER in self._cluster.names else {}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    prepare(tmp_path, SIX)
    return Cluster(tmp_path)
