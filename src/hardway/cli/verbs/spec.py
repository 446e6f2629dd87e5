"""`hardway init` and `hardway schema`: the spec's beginning, and its shape for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardway.cli.errors import DONE, bad_input
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session


def init(
    context: typer.Context,
    target: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; by default -f.")] = None,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Write a commented cluster.yaml with the article's names and addresses."""
    session = Session.of(context, target or file, output)
    session.perform_now(lambda: _init(session))


def _init(session: Session) -> int:
    path = session.spec
    try:
        # Never over a file that is there, not even through a race.
        with path.open("x", encoding="utf-8") as spec:
            spec.write(session.doors.operations.template())
    except FileExistsError:
        raise bad_input(f"{path} is there already", "Name another file, or move it away.") from None
    if session.as_json:
        session.screen.json({"outcome": "done", "file": str(path)})
    else:
        where = "" if path == SPEC else f" -f {path}"
        session.screen.tell(f"{path} is written. `hardway plan{where}` shows what it would make.")
    return DONE


def schema(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.JSON) -> None:
    """Print the JSON schema of cluster.yaml, for editors. It is JSON in either format, and reads no spec."""
    session = Session.of(context, file, output)
    session.perform_now(lambda: _schema(session))


def _schema(session: Session) -> int:
    session.screen.json(session.doors.operations.schema())
    return DONE
