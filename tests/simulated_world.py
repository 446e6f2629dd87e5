"""A world in memory for the plan and its application: things as values, and a handler that can be cut off.

What it leaves out of the real thing: time, faults of single commands, and content that cannot be read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hardway.engine.handler import Context, StepFailed
from hardway.plan.steps import Action, Difference, Step
from hardway.resources.base import Attributes, Chapter, Content, Known, Ref, Resource, Seen, Unknown
from hardway.resources.host import Directory, File, Unit
from hardway.resources.operator import Secret


class PowerCut(BaseException):
    """The process is gone: nothing after this runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine(Resource):
    """A machine of the simulated world."""

    kind: ClassVar[str] = "machine"
    removal: ClassVar[int] = 200

    @property
    def name(self) -> str:
        return self.machine

    def attributes(self, known: Known) -> Attributes:
        return {"running": "yes"}


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
        return self.vault.get(ref.resource)


KINDS = {kind.kind: kind for kind in (Machine, Directory, File, Unit, Secret)}


@dataclass
class SimulatedHandler:
    """Carries all kinds out in the simulated world."""

    world: World
    wanted: Sequence[Resource] = ()
    batched: bool = True
    kinds: tuple[str, ...] = tuple(KINDS)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {one: Seen(one, dict(attributes), owned=True) for one, attributes in self.world.things.items()}

    def owned(self, seen: Seen) -> Resource:
        kind, machine, name = seen.id.split(":", 2)
        common = {"chapter": Chapter.OS, "machine": machine}
        if kind == "machine":
            return Machine(chapter=Chapter.MACHINES, machine=machine)
        if kind == "directory":
            return Directory(path=name, chapter=Chapter.OS, machine=machine)
        if kind == "file":
            return File(path=name, content=Content.of(), chapter=Chapter.OS, machine=machine)
        if kind == "secret":
            return Secret(secret=name, size=1, chapter=Chapter.OS)
        return Unit(unit=name, **common)  # type: ignore[arg-type]  # a dict of two strings

    def batch(self, step: Step) -> str | None:
        quick = self.batched and step.resource.kind in {"directory", "file"}
        return step.machine if quick else None

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
        if isinstance(resource, Secret):
            self.world.vault[resource.id] = f"secret {self.world.made}".encode()
        if isinstance(resource, File):
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
        if resource.kind == "machine":
            for one in [one for one in self.world.things if one.split(":")[1] == resource.machine]:
                del self.world.things[one]
        self.world.things.pop(resource.id, None)
        self.world.vault.pop(resource.id, None)


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
