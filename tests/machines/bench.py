"""What the tests of this room share: a machine with a handler, and the loop of look, plan, apply over it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hardway.engine.apply import Apply
from hardway.engine.handler import StepFailed
from hardway.machines.handler import MachineHandler
from hardway.machines.transport import Transport
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Chapter, Content, Ref, Resource
from hardway.resources.host import Directory, File, Program

CLUSTER = "c0ffee"
HERE = {"chapter": Chapter.OS, "machine": "m0"}


def file(path: str, text: str | Ref, *, owner: str = "root", mode: int = 0o644) -> File:
    return File(chapter=Chapter.OS, machine="m0", path=path, content=Content.of(text), owner=owner, mode=mode)


def directory(path: str, *, owner: str = "root", mode: int = 0o755, data: bool = False) -> Directory:
    return Directory(chapter=Chapter.OS, machine="m0", path=path, owner=owner, mode=mode, data=data)


def program(path: str, blob: str) -> Program:
    return Program(chapter=Chapter.OS, machine="m0", path=path, blob=blob)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Silent:
    """Records and watches nothing but failures."""

    def __init__(self) -> None:
        self.waited: list[str] = []

    def started(self, steps: Sequence[Step] | Step) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, *failure: object) -> None: ...

    def waiting(self, step_id: str, what: str) -> None:
        self.waited.append(what)


@dataclass
class Bench:
    """A handler, and what references stand for."""

    handler: MachineHandler
    values: dict[Ref, bytes] = field(default_factory=dict)
    transport: Transport | None = None

    def resolve(self, ref: Ref) -> bytes:
        return self.values[ref]

    async def plan(self, wanted: Sequence[Resource]) -> Plan:
        seen = await self.handler.observe(wanted)
        owned = [self.handler.owned(one) for one in seen.values() if one.owned and one.exists]
        return make_plan(wanted, seen, self.values.get, owned)

    async def apply(self, plan: Plan) -> Silent:
        """Raises ApplyFailed."""
        silent = Silent()
        handlers = dict.fromkeys(self.handler.kinds, self.handler)
        await Apply(plan, handlers, self.resolve, silent, silent).run()
        return silent

    async def up(self, wanted: Sequence[Resource]) -> Plan:
        """Applies the plan, and sees that the next one is empty."""
        plan = await self.plan(wanted)
        await self.apply(plan)
        again = await self.plan(wanted)
        assert not again, [(step.id, step.action, step.reason, dict(step.seen.attributes)) for step in again.steps]
        return plan

    async def sh(self, script: str) -> str:
        assert self.transport is not None
        result = await self.transport.run(script)
        assert result.exit_code == 0, result.stderr.decode()
        return result.stdout.decode()


def said(failures: Sequence[StepFailed]) -> str:
    return "\n".join(f"{one.what}\n{one.evidence}\n{one.advice}" for one in failures)


def changes(plan: Plan) -> Mapping[str, str]:
    return {step.resource.name: step.action.value for step in plan.steps}
