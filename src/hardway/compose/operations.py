"""plan, up, down: a project made what its files say on a cluster, or taken away; by the engine that does all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic

from hardway import __version__
from hardway.compose.cluster import await_gone, lacking, others
from hardway.compose.converting.convert import Converted
from hardway.compose.resources import CLAIM, ownership, resources
from hardway.engine.apply import Apply, ApplyFailed, Stopped, Watcher, handlers_by_kind
from hardway.engine.journal import Journal
from hardway.kube.api import ApiUnavailable
from hardway.kube.handler import KubeHandler
from hardway.operations.access import kubeconfig_path
from hardway.operations.look import Picture
from hardway.operations.up import Confirm, Declined, Done, NotGone, Refused
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Resource
from hardway.resources.kubernetes import Condition, KubeObject, object_name


async def proposal(world: World, converted: Converted, project: str) -> Picture:
    """What `up` would do. Raises Refused for what it would not, ApiUnavailable."""
    handler = _handler(world, project, converted.names.namespace)
    picture = await _look(handler, resources(converted))
    refusals = (
        *others(picture.seen, picture.plan),
        *await lacking(kubeconfig_path(world), converted, picture.plan),
    )
    if refusals:
        raise Refused(("the cluster cannot take this project; nothing was touched:", *refusals))
    return picture


async def up(
    world: World, converted: Converted, project: str, watcher: Watcher, confirm: Confirm, stop: asyncio.Event
) -> Done:
    """Make the project what its files say. Raises Refused, Declined, ApplyFailed, Stopped, ApiUnavailable."""
    began = monotonic()
    picture = await proposal(world, converted, project)
    if not picture.plan:
        return Done(0, monotonic() - began, ())
    if not confirm(picture):
        raise Declined
    handler = _handler(world, project, converted.names.namespace)
    done = await _run(world, handler, f"compose up {project}", picture.plan, watcher, stop)
    # What was ready before it was changed is not looked at again by the first plan, and may be rolling now.
    rolling = _conditions((await _look(handler, resources(converted))).plan)
    if rolling:
        done += await _run(world, handler, f"compose up {project}: rolling", rolling, watcher, stop)
    return Done(done, monotonic() - began, ())


async def leaving(world: World, project: str, namespace: str, *, volumes: bool) -> Picture:
    """What `down` would do: everything goes, but volumes where they are not named."""
    return await _look(_handler(world, project, namespace), (), keep=not volumes)


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
    """Take the project away. Raises Declined, ApplyFailed, Stopped, NotGone, ApiUnavailable."""
    began = monotonic()
    picture = await leaving(world, project, namespace, volumes=volumes)
    if not picture.plan:
        return Done(0, monotonic() - began, ())
    if not confirm(picture):
        raise Declined
    handler = _handler(world, project, namespace)
    done = await _run(world, handler, f"compose down {project}", picture.plan, watcher, stop)
    whole = any(_is(step.resource, "Namespace") for step in picture.plan.steps)
    selector = ownership(project, namespace).selector
    left = await await_gone(kubeconfig_path(world), namespace, selector, whole=whole)
    if left:
        raise NotGone(left)
    return Done(done, monotonic() - began, ())


def _handler(world: World, project: str, namespace: str) -> KubeHandler:
    """As the admin; a project needs no more. Raises Refused where there is no cluster yet."""
    path = kubeconfig_path(world)
    return KubeHandler(lambda: path, ownership=ownership(project, namespace))


async def _look(handler: KubeHandler, wanted: Sequence[Resource], *, keep: bool = True) -> Picture:
    """`keep` leaves volumes, and the namespace while something is wanted or kept in it."""
    seen = await handler.observe(wanted)
    if handler.silent:
        raise ApiUnavailable(handler.silent)
    owned = tuple(handler.owned(one) for one in seen.values() if one.owned and one.exists)
    if keep:
        owned = _but_kept(owned, whole=not wanted)
    return Picture(tuple(wanted), seen, owned, frozenset(), make_plan(wanted, seen, lambda ref: None, owned))


def _but_kept(owned: tuple[Resource, ...], *, whole: bool) -> tuple[Resource, ...]:
    keeps_volumes = any(_is(one, CLAIM) for one in owned)
    kept = {CLAIM} | ({"Namespace"} if keeps_volumes or not whole else set())
    return tuple(one for one in owned if not any(_is(one, kind) for kind in kept))


def _is(resource: Resource, kind: str) -> bool:
    return isinstance(resource, KubeObject) and object_name(resource.body).split("/")[-3] == kind


def _conditions(plan: Plan) -> Plan:
    return Plan(tuple(step for step in plan.steps if isinstance(step.resource, Condition)))


async def _run(
    world: World, handler: KubeHandler, operation: str, plan: Plan, watcher: Watcher, stop: asyncio.Event
) -> int:
    """Apply one plan with the cluster's journal. Raises ApplyFailed, Stopped."""
    journal = Journal(world.state.journal)
    try:
        run = journal.begin(operation, __version__, plan)
        try:
            await Apply(plan, handlers_by_kind([handler]), world.resolve, run, watcher, stop).run()
        except ApplyFailed:
            run.end("failed")
            raise
        except Stopped:
            run.end("stopped")
            raise
        run.end("done")
    finally:
        journal.close()
    return len(plan.steps)
