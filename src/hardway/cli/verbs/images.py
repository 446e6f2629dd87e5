"""`hardway images`: container images made on this computer of Debian's packages, and their way into a registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.images.operations import Built, Listed

Wished = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...", help="NAME or NAME:TAG of the catalogue, or a folder (./DIR) with an image.yaml."
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As in `hardway images ls`.")]
Exact = Annotated[bool, typer.Option("--exact", help="Refuse a tag that another image would only stand for.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Make it anew, of the packages that the mirror has today.")]


def ls(context: typer.Context, output: Output = Format.TABLE) -> None:
    """List the images of the catalogue, and those that were made here."""
    session = Session.of(context, output=output)
    session.perform_now(lambda: _show(session, session.doors.images.listed()))


def _show(session: Session, rows: Sequence[Listed]) -> int:
    if session.as_json:
        from hardway.cli.json_values import json_value

        session.screen.json(json_value(list(rows)))
        return DONE
    from hardway.cli.image_tables import images_table

    session.screen.show(images_table(rows))
    return DONE


def build(
    context: typer.Context, wished: Wished, exact: Exact = False, fresh: Fresh = False, output: Output = Format.TABLE
) -> None:
    """Make images of Debian's packages, into this computer's cache. Needs root. The same packages make the same image.

    A tag that is not made here and that another may stand for is told of on standard error; any other is refused.
    """
    session = Session.of(context, output=output)
    session.perform(_build(session, wished, exact, fresh))


async def _build(session: Session, wished: Sequence[str], exact: bool, fresh: bool) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        built = await session.doors.images.build(wished, exact=exact, fresh=fresh, report=report)
    _note(session, built)
    return _show(session, [one.listed for one in built])


def _note(session: Session, built: Sequence[Built]) -> None:
    session.caution([one.note for one in built if one.note])


def push(
    context: typer.Context,
    wished: Wished,
    exact: Exact = False,
    file: SpecFile = SPEC,
    output: Output = Format.TABLE,
) -> None:
    """Bring images into the registry of the spec's cluster, made now where they are not in the cache."""
    session = Session.of(context, file, output)
    session.perform(_push(session, wished, exact))


async def _push(session: Session, wished: Sequence[str], exact: bool) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        built, pushed = await session.doors.images.push(session.spec, wished, exact=exact, report=report)
    _note(session, built)
    if session.as_json:
        notes = [one.note for one in built if one.note]
        rows = [{"image": str(one.reference), "digest": one.digest} for one in pushed]
        session.screen.json({"outcome": "done", "pushed": rows, "notes": notes})
        return DONE
    from hardway.cli.image_tables import pushed_table

    session.screen.show(pushed_table(pushed))
    return DONE


def rm(context: typer.Context, name: Name, output: Output = Format.TABLE) -> None:
    """Take an image out of this computer's cache. What was pushed stays in the registry."""
    session = Session.of(context, SPEC, output)
    session.perform_now(lambda: _show(session, session.doors.images.remove(name)))
