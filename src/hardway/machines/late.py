"""Steps that were planned before their machine was made: held against the machine once it is there.

The plan of a machine that is not there says "create" for everything; a new machine's distribution brings some of it
along (packages, users, kernel modules, packaged files). What is right already is done; the rest knows what it replaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from hardway.engine.handler import Resolve
from hardway.machines.wanted import Wanted
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen
from hardway.resources.host import Unit

Look = Callable[[str, Sequence[Resource]], Awaitable[Mapping[str, Seen]]]
"""What is on a machine in the place of these resources. Raises Unreachable."""


class LateLook:
    """Looks once at each machine that was not there when the plan was made."""

    def __init__(self, look: Look, wanted: Wanted) -> None:
        self._look = look
        self._wanted = wanted
        self._looks: dict[str, asyncio.Task[Mapping[str, Seen]]] = {}

    def forget(self) -> None:
        """A new plan is made of a new look."""
        self._looks = {}

    async def updated(self, machine: str, steps: Sequence[Step]) -> list[Step]:
        """The steps with what is there in fact."""
        task = self._looks.get(machine)
        if task is None:
            look = self._look(machine, self._wanted.on(machine))
            task = self._looks[machine] = asyncio.ensure_future(look)
        seen = await asyncio.shield(task)
        return [replace(step, seen=seen.get(step.id, step.seen)) for step in steps]


def needless(step: Step, resolve: Resolve) -> bool:
    """Whether what the step is for is in place already. A unit is never: only its start says what it runs with."""
    if step.action is Action.REMOVE or isinstance(step.resource, Unit) or not step.seen.exists:
        return False
    wanted = step.resource.attributes(resolve)
    return all(step.seen.attributes.get(name) == value for name, value in wanted.items())
