"""`hardway plan`: what would be done, file by file. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import CHANGES, DONE
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.operations.look import Picture
    from hardway.operations.world import World

Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="PLAN", help="Save the plan, to be applied exactly by `hardway up PLAN`."),
]
Diff = Annotated[bool, typer.Option("--diff", help="With a unified diff of every file; secrets masked.")]


def plan(
    context: typer.Context,
    out: Out = None,
    diff: Diff = False,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Show what `hardway up` would do, and change nothing. Exit code 3: there are changes."""
    session = Session.of(context, file, output)
    session.perform(_plan(session, out, diff))


async def _plan(session: Session, out: Path | None, diff: bool) -> int:
    operations = session.doors.operations
    async with session.world("plan") as world:
        picture = await operations.proposal(world)
        session.caution(await operations.cautions(world))
        session.caution([f"in the way: {one}" for one in await operations.obstacles(world, picture)])
        as_json = operations.plan_json(world, picture)
        diffs = await _diffs(session, world, picture) if diff else {}
    if out is not None:
        _save(out, as_json)
    if session.as_json:
        session.screen.json({**as_json, "diffs": diffs} if diff else as_json)
    else:
        _show_plan(session, picture, diffs, out)
    return CHANGES if picture.plan else DONE


async def _diffs(session: Session, world: World, picture: Picture) -> Mapping[str, Sequence[str]]:
    from hardway.cli.diffs import plan_diffs, to_read

    operations = session.doors.operations
    texts = await operations.texts(world, to_read(picture.plan))
    return plan_diffs(picture.plan, texts, operations.known(world, picture))


def _save(path: Path, plan: Mapping[str, object]) -> None:
    """Beside and renamed, so that a plan file is whole or not there."""
    import json

    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _show_plan(session: Session, picture: Picture, diffs: Mapping[str, Sequence[str]], out: Path | None) -> None:
    from hardway.cli.plans import plan_lines, unseen_lines

    session.screen.show(*plan_lines(picture.plan, diffs))
    for line in unseen_lines(picture):
        session.screen.tell(line, "yellow")
    if out is not None:
        session.screen.tell(f"saved: `hardway up {out}` applies exactly this, or refuses")
