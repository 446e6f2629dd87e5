"""`hardway compose config` and `convert`: a project looked at and converted, without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE
from hardway.cli.options import SPEC, Format, Output
from hardway.cli.session import Session
from hardway.cli.verbs.compose_options import (
    ComposeFiles,
    EnvFiles,
    Lax,
    Profiles,
    ProjectDirectory,
    ProjectName,
    request_of,
)

if TYPE_CHECKING:
    from hardway.compose.converting.convert import Converted
    from hardway.compose.loading.request import Request
    from hardway.compose.loading.whole import Read

Strict = Annotated[bool, typer.Option("--strict", help="Fail where a cluster would refuse something of it.")]
To = Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that is empty or not there yet.")]


def config(
    context: typer.Context,
    file: ComposeFiles = None,
    strict: Strict = False,
    project_name: ProjectName = "",
    env_file: EnvFiles = None,
    profile: Profiles = None,
    project_directory: ProjectDirectory = None,
    output: Output = Format.TABLE,
) -> None:
    """Print the resolved project in its canonical form, each key with where it came from. Touches nothing."""
    session = Session.of(context, SPEC, output)
    request = request_of(file, project_name, env_file, profile, project_directory)
    session.perform_now(lambda: _config(session, request, strict))


def _config(session: Session, request: Request, strict: bool) -> int:
    from hardway.compose.resolved import as_json, as_yaml

    found = session.doors.compose.read(request)
    warn(session, found)
    if strict:
        converted_or_refused(session, found, lax=False)
    here = str(request.directory)
    if session.as_json:
        session.screen.json(as_json(found.loaded.tree, here))
    else:
        session.screen.write(as_yaml(found.loaded.tree, here))
    return DONE


def warn(session: Session, found: Read) -> None:
    """Tell what the loader thought worth it."""
    session.caution([f"{place}: {what}" for place, what in found.loaded.warnings])


def read_and_converted(session: Session, request: Request, *, lax: bool) -> tuple[Read, Converted]:
    """A project and what it becomes, with all that there is to tell. Raises ComposeFaults."""
    found = session.doors.compose.read(request)
    warn(session, found)
    return found, converted_or_refused(session, found, lax=lax)


def converted_or_refused(session: Session, found: Read, *, lax: bool) -> Converted:
    """With all that became of it told. Raises ComposeFaults for what is refused."""
    from hardway.compose.faults import ComposeFaults

    converted = session.doors.compose.convert(found, lax=lax)
    for one in converted.diagnostics:
        if one not in converted.refused:
            session.screen.tell(str(one), "dim")
    if converted.refused:
        raise ComposeFaults([one.fault() for one in converted.refused])
    return converted


def convert(
    context: typer.Context,
    to: To,
    file: ComposeFiles = None,
    lax: Lax = False,
    project_name: ProjectName = "",
    env_file: EnvFiles = None,
    profile: Profiles = None,
    project_directory: ProjectDirectory = None,
    output: Output = Format.TABLE,
) -> None:
    """Write the project's Kubernetes objects into a folder, and tell what became of each part. Touches nothing else."""
    session = Session.of(context, SPEC, output)
    request = request_of(file, project_name, env_file, profile, project_directory)
    session.perform_now(lambda: _convert(session, request, to, lax))


def _convert(session: Session, request: Request, to: Path, lax: bool) -> int:
    _, converted = read_and_converted(session, request, lax=lax)
    files = session.doors.compose.write(converted, to)
    if session.as_json:
        told = [{"kind": one.kind.value, "where": one.where, "place": str(one.place), "what": one.what}
                for one in converted.diagnostics]  # fmt: skip
        session.screen.json({"outcome": "done", "files": [str(one) for one in files], "diagnostics": told})
    else:
        session.screen.tell(f"{len(files)} objects are in {to}: `kubectl apply -f {to}` makes them")
    return DONE
