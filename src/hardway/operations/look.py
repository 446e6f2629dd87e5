"""Looks at the world and makes the plan: what is wanted, what is there, and the steps between. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from hardway.components.facts import Facts
from hardway.engine.handler import Handler
from hardway.machines.transport import Unreachable
from hardway.operations.wanted import facts_of, is_machine, wanted
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.order import sorted_by_edges
from hardway.plan.steps import Plan, Step
from hardway.resources.base import OPERATOR, Resource, Seen
from hardway.resources.kubernetes import Condition, KubeObject


@dataclass(frozen=True)
class Picture:
    """The world beside what is wanted of it."""

    wanted: tuple[Resource, ...]
    seen: Mapping[str, Seen]
    owned: tuple[Resource, ...]
    """What this cluster made and that is still there."""
    off: frozenset[str]
    """Machines that exist and do not run, so that nothing on them could be looked at."""
    plan: Plan
    silent: str = ""
    """Why the API's objects could not be looked at; empty where they were, and before there is an API."""


async def look(world: World, *, nothing_wanted: bool = False) -> Picture:
    """Observe everything at once and plan. Raises Unreachable, ForeignMachine, and the provider's own faults."""
    await world.provider.survey(world.cluster)
    machines = await _observe(world.provider_handlers, world.provider.wanted(world.cluster))
    by_facts, inside = await _look_inside(world)
    everything = {**machines, **inside}
    off = frozenset(one.split(":")[1] for one, found in machines.items() if _is_off(one, found))
    resources = () if nothing_wanted else by_facts
    owned = _owned(world.handlers, everything)
    _refuse_unreachable(world, off | _going(owned, resources))
    plan = make_plan(resources, everything, world.value, owned, off)
    return Picture(resources, everything, owned, off, plan, world.kube.silent)


def _wanted(world: World) -> tuple[Resource, ...]:
    return wanted(world.cluster, world.machines.facts, world.provider)


async def _look_inside(world: World) -> tuple[tuple[Resource, ...], Mapping[str, Seen]]:
    """What is wanted by the machines' facts, and what is in its place.

    One round trip a machine, and a second only where the facts that it brings ask for something else to be looked at.
    """
    handlers: Sequence[Handler] = (world.vault, world.store, world.kube, world.machines)
    assumed, resources = _facts(world), _wanted(world)
    seen = await _observe(handlers, resources)
    if _facts(world) == assumed:
        return resources, seen
    again = _wanted(world)
    return again, seen if again == resources else await _observe(handlers, again)


def _facts(world: World) -> Mapping[str, Facts]:
    return facts_of(world.cluster, world.machines.facts, world.provider)


async def _observe(handlers: Sequence[Handler], resources: Sequence[Resource]) -> Mapping[str, Seen]:
    found = await asyncio.gather(*(handler.observe(_of(handler, resources)) for handler in handlers))
    return {one: seen for part in found for one, seen in part.items()}


def _of(handler: Handler, resources: Sequence[Resource]) -> list[Resource]:
    return [resource for resource in resources if resource.kind in handler.kinds]


def _refuse_unreachable(world: World, unlooked: Set[str]) -> None:
    """A machine that runs and cannot be looked at is no ground for a plan, unless nothing is planned on it anyway."""
    for machine, why in world.machines.unreachable.items():
        if machine not in unlooked:
            raise Unreachable(machine, why)


def _going(owned: Sequence[Resource], wanted: Sequence[Resource]) -> Set[str]:
    """Machines that are taken away as a whole: what is on them goes with them, seen or not."""
    staying = {one.machine for one in wanted if is_machine(one)}
    return {one.machine for one in owned if is_machine(one)} - staying


def _is_off(resource_id: str, seen: Seen) -> bool:
    return resource_id.startswith("machine:") and seen.exists and seen.attributes.get("running") != "yes"


def _owned(handlers: Mapping[str, Handler], seen: Mapping[str, Seen]) -> tuple[Resource, ...]:
    owned = (one for one in seen.values() if one.owned and one.exists)
    return tuple(handlers[one.id.split(":", 1)[0]].owned(one) for one in owned)


def not_on_machines(plan: Plan) -> Plan:
    """The part of the plan that is on no machine and waits for nothing on one: machines, clouds' objects, keys.

    The API is on machines: its objects wait, also where the units that it needs are on machines that are off.
    """
    left: set[str] = set()
    for step in _in_order(plan):
        of_the_api = step.resource.kind in (KubeObject.kind, Condition.kind)
        on_one = of_the_api or (step.machine != OPERATOR and not is_machine(step.resource))
        if on_one or left.intersection(step.needs):
            left.add(step.id)
    return Plan(tuple(step for step in plan.steps if step.id not in left))


def _in_order(plan: Plan) -> Iterator[Step]:
    steps = {step.id: step for step in plan.steps}
    graph = {step.id: [need for need in step.needs if need in steps] for step in plan.steps}
    return (steps[one] for one in sorted_by_edges(graph))


def machines_first(picture: Picture) -> Plan:
    """The part of the plan that brings machines on that are off: what is on them is seen only then."""
    steps = {step.id: step for step in picture.plan.steps}
    starts = [step for step in steps.values() if is_machine(step.resource) and step.machine in picture.off]
    ids: set[str] = set()
    to_take = [step.id for step in starts]
    while to_take:
        one = to_take.pop()
        if one not in ids:
            ids.add(one)
            to_take.extend(steps[one].needs)
    return Plan(tuple(step for step in picture.plan.steps if step.id in ids))
