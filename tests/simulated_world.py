"""A world in memory for the plan and its application: things as values, and a handler that can be cut off.

It carries out every kind of resource there is. What it leaves out of the real thing: time, faults of single commands,
machines that are off, and content that cannot be read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hardway.engine.handler import Context, StepFailed
from hardway.kube.ownership import resource_of
from hardway.machines.handler import SLOW
from hardway.machines.seen import KINDS as ON_MACHINES
from hardway.machines.seen import to_remove
from hardway.machines.simulation import SimulatedMachine
from hardway.plan.steps import Action, Difference, Step
from hardway.resources.base import Chapter, Content, Ref, Resource, Seen, Unknown, digest
from hardway.resources.host import File, Program, Reboot, Unit
from hardway.resources.kubernetes import Condition, KubeObject
from hardway.resources.operator import Blob, Certificate, Key, Secret, StateFile

VAULT = (Key.kind, Certificate.kind, Secret.kind)
OF_THE_API = (KubeObject.kind, Condition.kind)
OF_NOBODY = (Blob.kind, Condition.kind, Reboot.kind)
"""Kinds of which no cluster owns anything: the cache is everybody's, a condition is only waited for, and a restart
leaves nothing behind."""


class PowerCut(BaseException):
    """The process is gone: nothing after this runs."""


@dataclass
class World:
    """What there is. `crash_after` counts down at every point where a process could die."""

    things: dict[str, dict[str, str]] = field(default_factory=dict)
    vault: dict[str, bytes] = field(default_factory=dict)
    crash_after: int = -1
    made: int = 0

    def point(self) -> None:
        """A point between two effects, at which the process may die."""
        if self.crash_after == 0:
            raise PowerCut
        self.crash_after -= 1

    def value(self, ref: Ref) -> bytes | None:
        """What a reference to something of the operator's side stands for now."""
        kind = ref.resource.split(":", 1)[0]
        if kind == Blob.kind:
            return digest(ref.resource.encode()).encode() if ref.resource in self.things else None
        if kind == StateFile.kind:
            found = self.things.get(ref.resource, {}).get(ref.attribute)
            return found.encode() if found is not None else None
        entry = self.vault.get(ref.resource)
        return None if entry is None else entry + ref.attribute.encode()

    def resolve(self, ref: Ref) -> bytes:
        """The same for a running step. Raises KeyError."""
        value = self.value(ref)
        if value is None:
            raise KeyError(ref.resource)
        return value

    @property
    def owned(self) -> set[str]:
        """The ids of all that belongs to the cluster."""
        return {one for one in self.things if one.split(":", 1)[0] not in OF_NOBODY}


@dataclass
class SimulatedHandler:
    """Carries all kinds out in the simulated world."""

    world: World
    wanted: Sequence[Resource] = ()
    batched: bool = True
    kinds: tuple[str, ...] = (SimulatedMachine.kind, *ON_MACHINES, *VAULT, StateFile.kind, *OF_THE_API, Blob.kind)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        owned = self.world.owned
        return {one: Seen(one, dict(found), owned=one in owned) for one, found in self.world.things.items()}

    def owned(self, seen: Seen) -> Resource:
        """By the real handlers' own words where they are pure."""
        kind, machine, name = seen.id.split(":", 2)
        if kind in ON_MACHINES:
            return to_remove(seen)
        match kind:
            case "machine":
                return SimulatedMachine(machine=machine)
            case "secret":
                return Secret(secret=name, size=1, chapter=Chapter.OS)
            case "key":
                return Key(key=name, algorithm="", chapter=Chapter.OS)
            case "certificate":
                return Certificate(certificate=name, common_name="", days=0, chapter=Chapter.OS)
            case "state-file":
                return StateFile(path=name, content=Content.of(), chapter=Chapter.OS)
        return resource_of(seen)

    def batch(self, step: Step) -> str | None:
        """As the real handlers do."""
        kind = step.resource.kind
        if not self.batched or kind in SLOW or kind in (SimulatedMachine.kind, Condition.kind):
            return None
        if kind in ON_MACHINES:
            return f"programs on {step.machine}" if kind == Program.kind else f"machine {step.machine}"
        return "vault" if kind in VAULT else kind

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            self.world.point()
            self._take_effect(step, context)
            self.world.point()
            context.finished(step)

    def _take_effect(self, step: Step, context: Context) -> None:
        self.world.made += 1
        if step.action is Action.REMOVE:
            self._remove(step.resource)
            return
        resource = step.resource
        if resource.kind in VAULT:
            self.world.vault[resource.id] = f"{resource.id} number {self.world.made}: ".encode()
        if isinstance(resource, File | Program):
            self._forget_starts(resource.id)
        self.world.things[resource.id] = self._as_made(resource, context)

    def _as_made(self, resource: Resource, context: Context) -> dict[str, str]:
        def known(ref: Ref) -> bytes:
            wanted = self.world.things.get(ref.resource, {}).get(ref.attribute)
            return wanted.encode() if wanted is not None else context.resolve(ref)

        made: dict[str, str] = {}
        for name, value in resource.attributes(known).items():
            assert not isinstance(value, Unknown)
            made[name] = value
        return made

    def _forget_starts(self, file: str) -> None:
        for unit in self.wanted:
            if isinstance(unit, Unit) and file in unit.restart_on:
                self.world.things.get(unit.id, {}).pop("inputs", None)

    def _remove(self, resource: Resource) -> None:
        self._forget(resource.id)
        if isinstance(resource, KubeObject):
            body = resource.body
            self._forget_where(f"{Condition.kind}:operator:{body['kind']}/{body['metadata']['name']} ")
        if resource.kind == SimulatedMachine.kind:
            for one in [one for one in self.world.things if one.split(":")[1] == resource.machine]:
                self._forget(one)
            if not any(one.startswith("machine:") for one in self.world.things):  # nor is there an API any more
                self._forget_where(*(f"{kind}:" for kind in OF_THE_API))

    def _forget(self, resource_id: str) -> None:
        self.world.things.pop(resource_id, None)
        self.world.vault.pop(resource_id, None)

    def _forget_where(self, *prefixes: str) -> None:
        for one in [one for one in self.world.things if one.startswith(prefixes)]:
            self._forget(one)


@dataclass
class Nobody:
    """A record and a watcher that keep what they were told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def started(self, steps: Sequence[Step] | Step) -> None:
        several = [steps] if isinstance(steps, Step) else steps
        self.told.extend(("started", step.id) for step in several)

    def finished(self, step: Step) -> None:
        self.told.append(("finished", step.id))

    def waiting(self, step_id: str, what: str) -> None: ...

    def failed(self, failure: StepFailed | str, what: str = "", output: str = "") -> None:
        step = failure if isinstance(failure, str) else failure.step_id
        self.told.append(("failed", step))


def difference(step: Step, attribute: str) -> Difference:
    """The step's difference in one attribute."""
    return next(one for one in step.differences if one.attribute == attribute)
