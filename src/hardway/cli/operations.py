"""The real operations, each imported when it is first called: this module as a whole is a `doors.Operations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Event
    from pathlib import Path

    from hardway.cli.doors import History, OnResult
    from hardway.engine.apply import Watcher
    from hardway.operations.look import Picture
    from hardway.operations.status import Status
    from hardway.operations.up import Confirm, Done
    from hardway.operations.verify import CheckResult
    from hardway.operations.world import World
    from hardway.plan.saved import SavedPlan
    from hardway.resources.base import Known, Ref, Value


def template() -> str:
    from hardway.spec.template import template

    return template()


def schema() -> Mapping[str, Any]:
    from hardway.spec.schema import schema

    return schema()


async def cautions(world: World) -> Sequence[str]:
    from hardway.spec.rules import warnings

    return (*warnings(world.cluster), *await world.provider.cautions(world.cluster))


async def obstacles(world: World, picture: Picture) -> Sequence[str]:
    return await world.provider.obstacles(world.cluster, picture.plan)


async def proposal(world: World) -> Picture:
    from hardway.operations.up import proposal

    return await proposal(world)


def plan_json(world: World, picture: Picture) -> Mapping[str, Any]:
    from hardway.operations.up import spec_digest
    from hardway.plan.saved import plan_json

    return plan_json(picture.plan, world.cluster.name, spec_digest(world))


def known(world: World, picture: Picture) -> Known:
    """Values as they are now; unknown is what the plan makes anew."""
    from hardway.resources.base import UNKNOWN

    def value(ref: Ref) -> Value:
        found = None if ref.resource in picture.plan.ids else world.value(ref)
        return UNKNOWN if found is None else found

    return value


async def texts(world: World, ids: Sequence[str]) -> Mapping[str, str]:
    return await world.machines.texts(ids)


async def up(world: World, watcher: Watcher, confirm: Confirm, saved: SavedPlan | None, stop: Event) -> Done:
    from hardway.operations.up import up

    return await up(world, watcher, confirm, saved, stop)


async def down(world: World, watcher: Watcher, confirm: Confirm, stop: Event) -> Done:
    from hardway.operations.down import down

    return await down(world, watcher, confirm, stop)


async def verify(world: World, on_result: OnResult) -> Sequence[CheckResult]:
    from hardway.operations.verify import verify

    return await verify(world, on_result)


async def status(world: World) -> Status:
    from hardway.operations.status import status

    return await status(world)


def render(world: World, folder: Path) -> Sequence[Path]:
    from hardway.operations.render import render

    return render(world.cluster, world.provider, folder)


def kubectl_command(world: World, arguments: Sequence[str]) -> Sequence[str]:
    from hardway.operations.access import kubectl_command

    return kubectl_command(world, tuple(arguments))


def kubeconfig(world: World) -> Mapping[str, Any]:
    from hardway.operations.access import inline_kubeconfig

    return inline_kubeconfig(world)


def merge_kubeconfig(world: World) -> Path:
    from hardway.operations.merging import merge_kubeconfig

    return merge_kubeconfig(world)


def history(world: World) -> History:
    from contextlib import closing

    from hardway.engine.journal import Journal

    if not world.state.journal.exists():
        return ()
    with closing(Journal(world.state.journal)) as journal:
        return tuple((run, journal.steps(run.id)) for run in journal.runs())
