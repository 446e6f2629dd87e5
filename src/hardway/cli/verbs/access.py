"""`hardway kubectl`, `kubeconfig` and `render`: the way into a cluster, and its files without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hardway.cli.errors import DONE
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session

Arguments = Annotated[list[str] | None, typer.Argument(metavar="-- ARGS", help="What kubectl is given.")]


def kubectl(context: typer.Context, arguments: Arguments = None, file: SpecFile = SPEC) -> None:
    """Run the cluster's own kubectl as its admin, from this computer. The exit code is kubectl's."""
    session = Session.of(context, file)
    session.perform_now(lambda: _kubectl(session, arguments or []))


def _kubectl(session: Session, arguments: list[str]) -> int:
    import asyncio

    given = arguments[1:] if arguments[:1] == ["--"] else arguments
    command = asyncio.run(_kubectl_command(session, given))
    # The cluster is closed again: kubectl takes this process's place, so that signals and terminal are its own.
    return session.doors.execute(command)


async def _kubectl_command(session: Session, arguments: list[str]) -> tuple[str, ...]:
    async with session.world("kubectl") as world:
        return tuple(session.doors.operations.kubectl_command(world, arguments))


Merge = Annotated[
    bool,
    typer.Option(
        "--merge",
        help="Into your own kubeconfig (KUBECONFIG or ~/.kube/config), as its current context, hardway-CLUSTER.",
    ),
]


def kubeconfig(
    context: typer.Context, merge: Merge = False, file: SpecFile = SPEC, output: Output = Format.TABLE
) -> None:
    """Print a kubeconfig that works from this computer, the admin's key inside; or merge it into your own."""
    session = Session.of(context, file, output)
    session.perform(_kubeconfig(session, merge))


async def _kubeconfig(session: Session, merge: bool) -> int:
    async with session.world("kubeconfig") as world:
        if not merge:
            _print_config(session, session.doors.operations.kubeconfig(world))
            return DONE
        path = session.doors.operations.merge_kubeconfig(world)
    if session.as_json:
        session.screen.json({"outcome": "done", "file": str(path)})
    else:
        session.screen.tell(f"{path} has the cluster now, as its current context: `kubectl get nodes`")
    return DONE


def _print_config(session: Session, config: object) -> None:
    if session.as_json:
        session.screen.json(config)
        return
    import yaml

    # By way of JSON, so that a value that stands in two places is no YAML alias.
    session.screen.write(yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False))


To = Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that is empty or not there yet.")]


def render(context: typer.Context, to: To, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Write every file of every machine into a folder, as it would be laid; nothing else is touched, keys are ***."""
    session = Session.of(context, file, output)
    session.perform(_render(session, to))


async def _render(session: Session, to: Path) -> int:
    async with session.world("render") as world:
        files = session.doors.operations.render(world, to)
    if session.as_json:
        session.screen.json({"outcome": "done", "files": [str(file) for file in files]})
    else:
        session.screen.tell(f"{len(files)} files are in {to}")
    return DONE
