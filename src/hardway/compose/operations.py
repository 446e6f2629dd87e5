"""plan, up, down: a project made what its files say on a cluster, or taken away; by the engine that does all."""

from __future__ import annotations

import asyncio
from time import monotonic

from hardway.compose.cluster import await_gone, lacking, others
from hardway.compose.converting.convert import Converted
from hardway.compose.resources import ownership, resources
from hardway.compose.stage import Stage, is_object, stage
from hardway.engine.apply import Watcher
from hardway.operations.look import Picture
from hardway.operations.up import Confirm, Declined, Done, NotGone, Refused
from hardway.operations.world import World
from hardway.plan.steps import Plan
from hardway.resources.kubernetes import Condition


async def proposal(world: World, converted: Converted, project: str) -> Picture:
    """What `up` would do. Raises Refused for what it would not, ApiUnavailable."""
    return await _proposal(stage(world, project, converted.names.namespace), converted)


async def up(
    world: World, converted: Converted, project: str, watcher: Watcher, confirm: Confirm, stop: asyncio.Event
) -> Done:
    """Make the project what its files say. Raises Refused, Declined, ApplyFailed, Stopped, ApiUnavailable."""
    began = monotonic()
    here = stage(world, project, converted.names.namespace)
    picture = await _proposal(here, converted)
    if not picture.plan:
        return Done(0, monotonic() - began, ())
    if not confirm(picture):
        raise Declined
    done = await here.run("up", picture.plan, watcher, stop)
    # What was ready before it was changed is not looked at again by the first plan, and may be rolling now.
    rolling = _conditions((await here.look(picture.wanted)).plan)
    if rolling:
        done += await here.run("up: rolling", rolling, watcher, stop)
    return Done(done, monotonic() - began, ())


async def down(
    world: World,
    project: str,
    namespace: str,
    watcher: Watcher,
    confirm: Confirm,
    stop: asyncio.Event,
    *,
    volumes: bool,
) -> Done:
    """Take the project away, its volumes where they are named. Raises Declined, ApplyFailed, Stopped, NotGone,
    ApiUnavailable."""
    began = monotonic()
    here = stage(world, project, namespace)
    picture = await here.look((), keep=not volumes)
    if not picture.plan:
        return Done(0, monotonic() - began, ())
    if not confirm(picture):
        raise Declined
    done = await here.run("down", picture.plan, watcher, stop)
    whole = any(is_object(step.resource, "Namespace") for step in picture.plan.steps)
    selector = ownership(project, namespace).selector
    left = await await_gone(here.kubeconfig, namespace, selector, whole=whole)
    if left:
        raise NotGone(left)
    return Done(done, monotonic() - began, ())


async def _proposal(here: Stage, converted: Converted) -> Picture:
    picture = await here.look(resources(converted))
    refusals = (
        *others(picture.seen, picture.plan),
        *await lacking(here.kubeconfig, converted, picture.plan),
    )
    if refusals:
        raise Refused(("the cluster cannot take this project; nothing was touched:", *refusals))
    return picture


def _conditions(plan: Plan) -> Plan:
    return Plan(tuple(step for step in plan.steps if isinstance(step.resource, Condition)))
