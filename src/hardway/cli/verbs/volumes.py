"""`hardway volumes`: which volumes a cluster has and where, and their content in a file that can be brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardway.cli.errors import DONE
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session

Name = Annotated[str, typer.Argument(metavar="VOLUME", help="As in `hardway volumes ls`: NAMESPACE/CLAIM.")]
To = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder that the two files go into.")]
Live = Annotated[
    bool, typer.Option("--live", help="Also while pods use it: what they write meanwhile may be half there.")
]
Archive = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The .tar.gz of `hardway volumes backup`.")
]
Claim = Annotated[
    str | None, typer.Argument(metavar="NAMESPACE/CLAIM", help="Where to; by default the claim that it came from.")
]
Node = Annotated[str | None, typer.Option("--node", metavar="WORKER", help="Where a claim that is not there is made.")]
Replace = Annotated[bool, typer.Option("--replace", help="Also where the volume holds something, which goes.")]


def ls(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Show every volume and claim: its size, the worker and folder that have it, the pods that use it."""
    session = Session.of(context, file, output)
    session.perform(_ls(session))


async def _ls(session: Session) -> int:
    from hardway.cli.json_values import json_value

    async with session.world("volumes ls") as world:
        found = await session.doors.volumes.ls(world)
    if session.as_json:
        session.screen.json(json_value(list(found)))
    else:
        from hardway.cli.tables import volumes_table

        session.screen.show(volumes_table(found))
    return DONE


def backup(
    context: typer.Context,
    volume: Name,
    to: To = Path(),
    live: Live = False,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Copy a volume into a file on this computer, verified. Refused while pods use it, unless --live."""
    session = Session.of(context, file, output)
    session.perform(_backup(session, volume, to, live))


async def _backup(session: Session, name: str, folder: Path, live: bool) -> int:
    from hardway.cli.json_values import json_value
    from hardway.cli.reports import reporting

    async with session.world("volumes backup") as world:
        with reporting(session.screen.err) as report:
            saved = await session.doors.volumes.backup(world, name, folder, live=live, report=report)
    if session.as_json:
        session.screen.json(json_value(saved))
    else:
        what = "" if saved.description.consistent else "; pods were writing to it meanwhile"
        session.screen.tell(f"{saved.archive} has it: {saved.description.files} files{what}")
    return DONE


def restore(
    context: typer.Context,
    archive: Archive,
    claim: Claim = None,
    node: Node = None,
    replace: Replace = False,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Bring a copy back, whole and verified or not at all. A claim that is not there is made."""
    session = Session.of(context, file, output)
    session.perform(_restore(session, archive, claim, node, replace))


async def _restore(session: Session, archive: Path, claim: str | None, node: str | None, replace: bool) -> int:
    from hardway.cli.json_values import json_value
    from hardway.cli.reports import reporting

    async with session.world("volumes restore") as world:
        with reporting(session.screen.err) as report:
            volume = await session.doors.volumes.restore(
                world, archive, claim, node=node, replace=replace, report=report
            )
    if session.as_json:
        session.screen.json({"outcome": "done", "volume": json_value(volume)})
    else:
        session.screen.tell(f"{volume.name} has it, on {volume.node}")
    return DONE
