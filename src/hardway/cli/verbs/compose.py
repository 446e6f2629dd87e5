"""`hardway compose` on a cluster: a project planned, run, looked at, taken away."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import CHANGES, DONE, bad_input
from hardway.cli.options import SPEC, Format, Output, Yes
from hardway.cli.screen import said
from hardway.cli.session import Session
from hardway.cli.verbs.compose_files import read_and_converted
from hardway.cli.verbs.compose_options import (
    ClusterFile,
    ComposeFiles,
    EnvFiles,
    Lax,
    Profiles,
    ProjectDirectory,
    ProjectName,
    request_of,
)

if TYPE_CHECKING:
    from hardway.compose.loading.request import Request
    from hardway.compose.status import ProjectStatus

AGAIN = "`hardway compose {}` looks at the cluster again and goes on from there."

Volumes = Annotated[bool, typer.Option("--volumes", "-v", help="Its volumes too, with all data in them.")]
Follow = Annotated[bool, typer.Option("--follow", help="Go on as new lines come.")]
Tail = Annotated[int | None, typer.Option("--tail", min=0, metavar="N", help="So many last lines of each.")]
Services = Annotated[list[str] | None, typer.Argument(metavar="SERVICE...", help="Without any: all.")]
OneService = Annotated[str, typer.Argument(metavar="SERVICE")]
Command = Annotated[list[str], typer.Argument(metavar="-- CMD", help="What is run in its container.")]


def plan(
    context: typer.Context,
    file: ComposeFiles = None,
    lax: Lax = False,
    project_name: ProjectName = "",
    env_file: EnvFiles = None,
    profile: Profiles = None,
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Show what `hardway compose up` would do, and change nothing. Exit code 3: there are changes."""
    session = Session.of(context, cluster, output)
    request = request_of(file, project_name, env_file, profile, project_directory)
    session.perform(_plan(session, request, lax))


async def _plan(session: Session, request: Request, lax: bool) -> int:
    found, converted = read_and_converted(session, request, lax=lax)
    async with session.world("compose plan") as world:
        picture = await session.doors.compose.proposal(world, converted, found.project.name)
    if session.as_json:
        from hardway.plan.saved import step_json

        session.screen.json({"project": found.project.name, "steps": [step_json(step) for step in picture.plan.steps]})
    else:
        from hardway.cli.plans import plan_lines

        session.screen.show(*plan_lines(picture.plan))
    return CHANGES if picture.plan else DONE


def up(
    context: typer.Context,
    file: ComposeFiles = None,
    yes: Yes = False,
    lax: Lax = False,
    project_name: ProjectName = "",
    env_file: EnvFiles = None,
    profile: Profiles = None,
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Run the project on the cluster as its files say: show the plan, ask, do it, wait until all of it is ready."""
    session = Session.of(context, cluster, output)
    request = request_of(file, project_name, env_file, profile, project_directory)
    session.perform(_up(session, request, yes, lax))


async def _up(session: Session, request: Request, yes: bool, lax: bool) -> int:
    from hardway.cli.running import Run

    compose = session.doors.compose
    found, converted = read_and_converted(session, request, lax=lax)
    project = found.project.name
    run = Run(session, yes, AGAIN.format("up"))
    async with session.world("compose up", locked=True) as world:
        done = await run.watched(
            lambda watcher, confirm, stop: compose.up(world, converted, project, watcher, confirm, stop)
        )
        running = await compose.ps(world, project, converted.names.namespace)
    if not session.as_json:
        _show_status(session, running)
    return _tell_end(session, f"project {project} runs", done.steps, done.seconds)


def _tell_end(session: Session, what: str, steps: int, seconds: float) -> int:
    if session.as_json:
        session.screen.json({"outcome": "done", "steps": steps, "seconds": round(seconds, 1)})
    elif steps == 0:
        session.screen.show(said("nothing to do", "green"))
    else:
        session.screen.show(said(f"{what} ({steps} steps, {seconds:.1f} s)", "green"))
    return DONE


def down(
    context: typer.Context,
    file: ComposeFiles = None,
    volumes: Volumes = False,
    yes: Yes = False,
    project_name: ProjectName = "",
    env_file: EnvFiles = None,
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Take all of the project away but its volumes; with -v those too. Nothing of others is touched."""
    session = Session.of(context, cluster, output)
    request = request_of(file, project_name, env_file, ["*"], project_directory)
    session.perform(_down(session, request, volumes, yes))


async def _down(session: Session, request: Request, volumes: bool, yes: bool) -> int:
    from hardway.cli.running import Run

    compose = session.doors.compose
    identity = compose.identify(request)
    run = Run(session, yes, AGAIN.format("down"))
    async with session.world("compose down", locked=True) as world:
        done = await run.watched(
            lambda watcher, confirm, stop: compose.down(world, identity, watcher, confirm, stop, volumes=volumes)
        )
    left = "" if volumes else "; its volumes, where it had any, are kept"
    return _tell_end(session, f"project {identity.project} is gone{left}", done.steps, done.seconds)


def ps(
    context: typer.Context,
    file: ComposeFiles = None,
    project_name: ProjectName = "",
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Show the project's services: ready pods, machines, and where published ports answer on every machine."""
    session = Session.of(context, cluster, output)
    session.perform(_ps(session, request_of(file, project_name, None, ["*"], project_directory)))


async def _ps(session: Session, request: Request) -> int:
    identity = session.doors.compose.identify(request)
    async with session.world("compose ps") as world:
        found = await session.doors.compose.ps(world, identity.project, identity.namespace)
    if session.as_json:
        from hardway.cli.json_values import json_value

        session.screen.json({"project": identity.project, **json_value(found)})
    else:
        _show_status(session, found)
    return DONE


def _show_status(session: Session, found: ProjectStatus) -> None:
    from hardway.cli.compose_tables import status_tables

    session.screen.show(*status_tables(found))


def logs(
    context: typer.Context,
    services: Services = None,
    follow: Follow = False,
    tail: Tail = None,
    file: ComposeFiles = None,
    project_name: ProjectName = "",
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
) -> None:
    """Show what the services print, each line with its pod. The exit code is kubectl's."""
    session = Session.of(context, cluster)
    request = request_of(file, project_name, None, ["*"], project_directory)
    session.perform_now(lambda: _logs(session, request, services or [], follow, tail))


def _logs(session: Session, request: Request, services: list[str], follow: bool, tail: int | None) -> int:
    async def command() -> tuple[str, ...]:
        identity = session.doors.compose.identify(request)
        async with session.world("compose logs") as world:
            return tuple(session.doors.compose.logs_command(world, identity, services, follow=follow, lines=tail))

    return session.doors.execute(asyncio.run(command()))


def exec_(
    context: typer.Context,
    service: OneService,
    command: Command,
    file: ComposeFiles = None,
    project_name: ProjectName = "",
    project_directory: ProjectDirectory = None,
    cluster: ClusterFile = SPEC,
) -> None:
    """Run a command in a service's container, with this terminal. The exit code is the command's."""
    session = Session.of(context, cluster)
    request = request_of(file, project_name, None, ["*"], project_directory)
    given = command[1:] if command[:1] == ["--"] else command
    session.perform_now(lambda: _exec(session, request, service, given))


def _exec(session: Session, request: Request, service: str, command: list[str]) -> int:
    if not command:
        raise bad_input("no command was given", "hardway compose exec SERVICE -- COMMAND")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()

    async def kubectl() -> tuple[str, ...]:
        compose = session.doors.compose
        identity = compose.identify(request)
        async with session.world("compose exec") as world:
            return tuple(await compose.exec_command(world, identity, service, command, terminal=terminal))

    return session.doors.execute(asyncio.run(kubectl()))
