"""What every handler of the workstation shares: one step after the other, each recorded, faults as failed steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from hardway.engine.handler import Context, StepFailed
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen
from hardway.state.faults import StateFault
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.inventory import Inventory


class WorkstationHandler(ABC):
    """Observes what is wanted and what is ours; changes one thing after the other."""

    kinds: ClassVar[tuple[str, ...]]

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """What is there of what is wanted, and of what is ours. Raises WorkstationFault."""
        ours = {one: self.owned(Seen(one, {})) for one, _ in self.inventory.of_kinds(self.kinds)}
        wanted = {resource.id: resource for resource in resources}
        return {one: await self._seen(resource) for one, resource in {**ours, **wanted}.items()}

    async def _seen(self, resource: Resource) -> Seen:
        owned = resource.id in self.inventory.things
        return Seen(resource.id, await self.look(resource), owned=owned)

    def owned(self, seen: Seen) -> Resource:
        """The thing of ours with that id, as it was recorded."""
        return self.recorded(seen.id.split(":", 2)[2], self.inventory.things[seen.id])

    def batch(self, step: Step) -> str | None:
        """One after the other: several things may be in one file."""
        return f"workstation {self.kinds[0]}"

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        """Carry the steps out. Raises StepFailed."""
        for step in steps:
            try:
                await self._carry_out(step, context)
            except (WorkstationFault, StateFault) as fault:
                evidence = getattr(fault, "evidence", "")
                raise StepFailed(step.id, fault.what, evidence, fault.advice) from fault
            except OSError as fault:
                what = f"{fault.filename or 'this computer'}: {fault.strerror or fault}"
                raise StepFailed(step.id, what, advice="look at its owner and mode") from fault
            context.finished(step)

    async def _carry_out(self, step: Step, context: Context) -> None:
        if step.action is Action.REMOVE:
            await self.remove(step.resource)
            self.inventory.forget(step.id)
        else:
            await self.make(step, context)

    def take_back(self, path: Path, resource_id: str) -> bool:
        """Put back what was at a path, where nobody has changed it since and nothing else of ours is there; answers
        whether that was done."""
        if self.inventory.untouched(path) and self.inventory.alone(path, resource_id):
            self.inventory.restore(path)
            return True
        return False

    def let_go(self, path: Path, resource_id: str) -> None:
        """Know no more of a path than other things of ours need."""
        if self.inventory.alone(path, resource_id):
            self.inventory.release(path)

    @abstractmethod
    async def look(self, resource: Resource) -> Mapping[str, str]:
        """What is there in its place."""

    @abstractmethod
    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        """The resource of a thing that was recorded."""

    @abstractmethod
    async def make(self, step: Step, context: Context) -> None:
        """Record it, and make or change it."""

    @abstractmethod
    async def remove(self, resource: Resource) -> None:
        """Take it away, and put back what was there before."""
