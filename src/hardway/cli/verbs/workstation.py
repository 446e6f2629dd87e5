"""`hardway workstation`: what the author needs on the computer he works from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import CHANGES, DONE, bad_input
from hardway.cli.options import Format, Output, Yes
from hardway.cli.screen import said
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cli.watchers import Watcher
    from hardway.operations.up import Done

SPEC = Path("workstation.yaml")
AGAIN = "`hardway workstation apply` (or `undo`) looks again and goes on from there."
SpecFile = Annotated[Path, typer.Option("--file", "-f", metavar="FILE", help="The workstation's spec.")]
Target = Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; by default -f.")]
Types = Annotated[
    list[str] | None,
    typer.Argument(metavar="TYPE...", help="Media types (text/plain), or Windows' .txt and txtfile."),
]


def init(context: typer.Context, target: Target = None, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Write a commented workstation.yaml."""
    session = Session.of(context, target or file, output)
    session.perform_now(lambda: _init(session))


def _init(session: Session) -> int:
    path = session.spec
    try:
        with path.open("x", encoding="utf-8") as spec:
            spec.write(session.doors.workstation.template())
    except FileExistsError:
        raise bad_input(f"{path} is there already", "Name another file, or move it away.") from None
    if session.as_json:
        session.screen.json({"outcome": "done", "file": str(path)})
    else:
        session.screen.tell(f"{path} is written. `hardway workstation plan` shows what it would do.")
    return DONE


def plan(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Show what `hardway workstation apply` would do, and change nothing. Exit code 3: there are changes."""
    session = Session.of(context, file, output)
    session.perform(_plan(session))


async def _plan(session: Session) -> int:
    from hardway.cli.plans import plan_lines

    proposed = await session.doors.workstation.proposal(session.spec)
    session.caution(proposed.cautions)
    session.caution([f"in the way: {one}" for one in proposed.obstacles])
    if session.as_json:
        session.screen.json(session.doors.workstation.plan_json(proposed))
    else:
        session.screen.show(*plan_lines(proposed.picture.plan))
    return CHANGES if proposed.picture.plan else DONE


def apply(context: typer.Context, yes: Yes = False, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Make this computer what the spec says: show the plan, ask, do it. What was there before is kept."""
    session = Session.of(context, file, output)
    session.perform(_apply(session, yes))


async def _apply(session: Session, yes: bool) -> int:
    from hardway.cli.running import Run

    run = Run(session, yes, AGAIN)
    door = session.doors.workstation
    done = await run.watched(
        lambda watcher, confirm, stop: door.apply(session.spec, watcher, confirm, stop, session.caution)
    )
    return _tell_end(session, done, run.watcher, "this computer is as the spec says")


def undo(context: typer.Context, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Take away all that `hardway workstation apply` made, and put back what was there before. Reads no spec."""
    session = Session.of(context, SPEC, output)
    session.perform(_undo(session, yes))


async def _undo(session: Session, yes: bool) -> int:
    from hardway.cli.running import Run

    run = Run(session, yes, AGAIN)
    done = await run.watched(session.doors.workstation.undo)
    return _tell_end(session, done, run.watcher, "this computer is as it was before")


def _tell_end(session: Session, done: Done, watcher: Watcher, what: str) -> int:
    from hardway.cli.ends import end_json
    from hardway.cli.errors import steps

    if session.as_json:
        session.screen.json(end_json(done, watcher.progress))
    else:
        how = f"{steps(done.steps)} in {done.seconds:.1f} s" if done.steps else "nothing to do"
        session.screen.show(said(f"{what} ({how})", "green"))
    return DONE


def show(context: typer.Context, types: Types = None, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Show what is there of what the spec wants, and what opens files of which type. Without a spec: what was made."""
    session = Session.of(context, file, output)
    session.perform(_show(session, types or []))


async def _show(session: Session, types: list[str]) -> int:
    from hardway.cli.json_values import json_value

    # A spec that was named must be there; the default one may be missing.
    spec = None if session.spec == SPEC and not SPEC.exists() else session.spec
    shown = await session.doors.workstation.show(spec, types)
    if session.as_json:
        session.screen.json(json_value(shown))
    else:
        from hardway.cli.tables import workstation_tables

        session.screen.show(*workstation_tables(shown))
    return DONE
