"""The real compose projects, each part imported when it is first called: this module is a `doors.Compose`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Event
    from pathlib import Path

    from hardway.compose.converting.convert import Converted
    from hardway.compose.identity import Identity
    from hardway.compose.loading.request import Request
    from hardway.compose.loading.whole import Read
    from hardway.compose.status import Running
    from hardway.engine.apply import Watcher
    from hardway.operations.look import Picture
    from hardway.operations.up import Confirm, Done
    from hardway.operations.world import World


def read(request: Request) -> Read:
    from hardway.compose.files import DiskFiles
    from hardway.compose.loading.whole import read_project

    return read_project(request, DiskFiles())


def convert(found: Read, *, lax: bool) -> Converted:
    from hardway.compose.converting.convert import convert

    return convert(found.project, lax=lax)


def write(converted: Converted, folder: Path) -> Sequence[Path]:
    from hardway.compose.manifests import write

    return write(converted, folder)


def identify(request: Request) -> Identity:
    from hardway.compose.files import DiskFiles
    from hardway.compose.identity import identify

    return identify(request, DiskFiles())


async def proposal(world: World, converted: Converted, project: str) -> Picture:
    from hardway.compose.operations import proposal

    return await proposal(world, converted, project)


async def up(world: World, converted: Converted, project: str, watcher: Watcher, confirm: Confirm, stop: Event) -> Done:
    from hardway.compose.operations import up

    return await up(world, converted, project, watcher, confirm, stop)


async def down(
    world: World, identity: Identity, watcher: Watcher, confirm: Confirm, stop: Event, *, volumes: bool
) -> Done:
    from hardway.compose.operations import down

    return await down(world, identity.project, identity.namespace, watcher, confirm, stop, volumes=volumes)


async def ps(world: World, identity: Identity) -> Sequence[Running]:
    from hardway.compose.status import ps

    return await ps(world, identity.project, identity.namespace)


def logs_command(
    world: World, identity: Identity, services: Sequence[str], *, follow: bool, lines: int | None
) -> Sequence[str]:
    from hardway.compose.identity import logs_command

    return logs_command(world, identity, services, follow=follow, lines=lines)


async def exec_command(
    world: World, identity: Identity, service: str, command: Sequence[str], *, terminal: bool
) -> Sequence[str]:
    from hardway.compose.identity import exec_command

    return await exec_command(world, identity, service, command, terminal=terminal)
