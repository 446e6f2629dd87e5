"""Starting units: the readiness of each, and restarts one after another where a group must stay in service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from hardway.engine.handler import Context, StepFailed
from hardway.machines.connections import Reach
from hardway.machines.readiness import NotReady, wait_until_ready, why_not_ready
from hardway.machines.scripts import script, services
from hardway.machines.scripts.work import Work
from hardway.machines.transport import Result, Transport, Unreachable
from hardway.machines.verdict import check
from hardway.machines.wanted import Wanted
from hardway.plan.steps import Action, Step
from hardway.resources.host import Unit

PAUSE: Final = 0.2
"""Seconds between two looks at whether the members of a group are healthy."""

SICK_FOR: Final = 15.0
"""Seconds for which a member must have been sick at every look to be out of service already: an election of etcd is
over sooner, and a busy machine answers once in between."""


@dataclass
class _Group:
    """The members of one budget."""

    places: asyncio.Semaphore
    """Held by those that restart, and for the moment in which one looks whether it may."""
    restarts: int = 0
    """How many have begun with a place."""


@dataclass
class UnitStarter:
    """Starts and restarts units within the budgets of their groups."""

    cluster: str
    reach: Reach
    wanted: Wanted
    _groups: dict[str, _Group] = field(default_factory=dict)

    async def start(self, step: Step, transport: Transport, context: Context) -> None:
        """Starts or restarts the unit of the step, and returns once it does its work.

        Raises StepFailed, Unreachable.
        """
        unit = step.resource
        assert isinstance(unit, Unit)
        if unit.budget is None or not _runs(step):
            await self._start(step, unit, transport, context)
            return
        async with self._place(step, unit, transport, context):
            await self._start(step, unit, transport, context)

    async def _start(self, step: Step, unit: Unit, transport: Transport, context: Context) -> None:
        inputs = self._inputs(step, context)
        deadline = monotonic() + unit.ready_within
        result = await transport.run(script(self.cluster, [Work(step)], alone=True))
        try:
            self._check(step, result, context)
            await wait_until_ready(
                transport, unit, context.resolve, deadline, lambda lacks: context.waiting(step.id, lacks)
            )
        except (StepFailed, NotReady) as fault:
            raise await self._failure(step, unit, transport, context, fault) from fault
        self._check(step, await transport.run(services.started(unit, inputs)), context)

    def _inputs(self, step: Step, context: Context) -> str:
        try:
            return self.wanted.inputs(step, context.resolve)
        except KeyError as fault:
            raise StepFailed(step.id, f"what it reads was not made: {fault.args[0]}") from fault

    def _check(self, step: Step, result: Result, context: Context) -> None:
        check([step], result, self.cluster, lambda text: self.wanted.masked(text, [step.resource], context.resolve))

    async def _failure(
        self, step: Step, unit: Unit, transport: Transport, context: Context, fault: StepFailed | NotReady
    ) -> StepFailed:
        """The same failure with what systemd and the journal say of the unit."""
        if isinstance(fault, StepFailed) and not fault.evidence:
            return fault  # nothing was touched
        said = (await transport.run(services.evidence(unit.unit))).stdout.decode(errors="replace")
        shown = self.wanted.masked(said, [unit], context.resolve)
        what = fault.what if isinstance(fault, StepFailed) else f"{unit.unit} on {unit.machine} is {fault}"
        advice = f"`journalctl -u {unit.unit}` on {unit.machine} says more; mend it and run `hardway up` again"
        return StepFailed(step.id, what, shown, advice)

    @asynccontextmanager
    async def _place(self, step: Step, unit: Unit, transport: Transport, context: Context) -> AsyncIterator[None]:
        """The right to take this member out of service: while it is held, no more are out than the budget allows.

        Others are waited for without holding a place. A member that is sick itself, and stays so while nobody else
        restarts, is out of service already and needs no place: where all are sick, all restart at once, as they must
        where none of them gets well alone (etcd without a quorum).
        """
        assert unit.budget is not None
        group = self._groups.setdefault(unit.budget.group, _Group(asyncio.Semaphore(unit.budget.unavailable)))
        patience, sickness, restarts = _Time(unit.ready_within), _Time(SICK_FOR), group.restarts
        while True:
            if group.places.locked():
                context.waiting(step.id, f"another member of {unit.budget.group} restarts")
            async with group.places:
                if restarts != group.restarts:
                    patience, sickness, restarts = _Time(unit.ready_within), _Time(SICK_FOR), group.restarts
                sick = await self._sick(unit, context)
                if len(sick) < unit.budget.unavailable:
                    group.restarts += 1
                    yield
                    return
                if await why_not_ready(transport, unit, context.resolve) is None:
                    sickness = _Time(SICK_FOR)
            if sickness.over:
                yield
                return
            context.waiting(step.id, f"to restart, {unit.budget.group} must be healthy elsewhere: {'; '.join(sick)}")
            if patience.over:
                raise _not_restarted(step, unit, sick)
            await asyncio.sleep(PAUSE)

    async def _sick(self, unit: Unit, context: Context) -> Sequence[str]:
        """What the group's other members lack, a line each."""
        assert unit.budget is not None
        others = [one for one in self.wanted.members(unit.budget.group) if one.id != unit.id]
        found = await asyncio.gather(*(self._lacks(one, context) for one in others))
        return [lacks for lacks in found if lacks is not None]

    async def _lacks(self, unit: Unit, context: Context) -> str | None:
        try:
            transport = await self.reach(unit.machine)
            lacks = await why_not_ready(transport, unit, context.resolve) if transport else "the machine is not there"
        except Unreachable as fault:
            return str(fault)
        return f"{unit.machine}: {lacks}" if lacks else None


def _runs(step: Step) -> bool:
    return step.action is Action.CHANGE and step.seen.attributes.get("active") == "yes"


class _Time:
    """So many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    @property
    def over(self) -> bool:
        return monotonic() > self._end


def _not_restarted(step: Step, unit: Unit, sick: Sequence[str]) -> StepFailed:
    return StepFailed(
        step.id,
        f"{unit.unit} on {unit.machine} was not restarted: the others of its group are not healthy",
        "\n".join(sick),
        "mend those first; restarting this one now would take the whole group out of service",
    )
