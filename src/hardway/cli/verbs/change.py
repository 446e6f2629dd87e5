"""`hardway up` and `hardway down`: a cluster made, mended, taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, bad_input
from hardway.cli.options import SPEC, Format, Output, SpecFile, Yes
from hardway.cli.screen import said
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cli.watchers import Watcher
    from hardway.operations.up import Done
    from hardway.operations.world import World
    from hardway.plan.saved import SavedPlan

PlanFile = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN", exists=True, dir_okay=False, readable=True, help="A plan saved by `plan --out`."),
]
Svg = Annotated[Path | None, typer.Option("--svg", hidden=True, help="Keep a picture of the run, in SVG.")]


def up(
    context: typer.Context,
    plan: PlanFile = None,
    yes: Yes = False,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
    svg: Svg = None,
) -> None:
    """Make the cluster what its spec says: show the plan, ask, do it. What was stopped before goes on from there."""
    session = Session.of(context, file, output)
    session.perform(_up(session, plan, yes, svg))


async def _up(session: Session, plan: Path | None, yes: bool, svg: Path | None) -> int:
    from hardway.cli.running import Run

    saved = _saved(plan) if plan else None
    operations = session.doors.operations
    run = Run(session, yes)
    async with session.world("up", locked=True) as world:
        session.caution(await operations.cautions(world))
        agreed = _chapters(saved) if saved else None
        done = await run.watched(
            lambda watcher, confirm, stop: operations.up(world, watcher, confirm, saved, stop), agreed
        )
        if done.steps == 0:
            return _nothing_to_do(session)
        return await _tell_end(session, world, done, run.watcher, svg)


def _saved(path: Path) -> SavedPlan:
    """Raises PlanFileFault."""
    from hardway.plan.saved import PlanFileFault, load_plan

    try:
        return load_plan(path.read_text(encoding="utf-8"))
    except PlanFileFault as fault:
        raise bad_input(f"{path} cannot be used: {fault}") from fault
    except UnicodeDecodeError:
        raise bad_input(f"{path} is no text", "Make it with `hardway plan --out`.") from None


def _chapters(saved: SavedPlan) -> Mapping[str, int]:
    return Counter(str(step.get("chapter")) for step in saved.steps)


def _nothing_to_do(session: Session) -> int:
    if session.as_json:
        session.screen.json({"outcome": "done", "steps": 0})
    else:
        session.screen.show(said("nothing to do: everything is as the spec says", "green"))
    return DONE


async def _tell_end(session: Session, world: World, done: Done, watcher: Watcher, svg: Path | None) -> int:
    """Nodes, the API's address, how to use kubectl, and where the time went."""
    from hardway.cli.ends import end_json, end_of_up, picture_of_run

    status = await session.doors.operations.status(world)
    shown = end_of_up(session.spec, done, status, watcher.progress)
    if session.as_json:
        session.screen.json(end_json(done, watcher.progress, status))
    else:
        session.screen.show(*shown)
    if svg is not None:
        svg.write_text(picture_of_run(watcher, shown), encoding="utf-8")
    return DONE


def down(context: typer.Context, yes: Yes = False, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Take all of the cluster away: its machines, its keys, its state. Nothing is left, data included."""
    session = Session.of(context, file, output)
    session.perform(_down(session, yes))


async def _down(session: Session, yes: bool) -> int:
    from hardway.cli.ends import end_json
    from hardway.cli.running import Run

    run = Run(session, yes)
    async with session.world("down", locked=True) as world:
        name = world.cluster.name
        done = await run.watched(
            lambda watcher, confirm, stop: session.doors.operations.down(world, watcher, confirm, stop)
        )
    if session.as_json:
        session.screen.json(end_json(done, run.watcher.progress))
    else:
        session.screen.show(said(f"cluster {name} is gone, nothing of it is left ({done.seconds:.1f} s)", "green"))
    return DONE
