"""Images as tables: values in, what rich can draw out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from hardway.cli.screen import said
from hardway.cli.tables import DIM, GOOD, table

if TYPE_CHECKING:
    from hardway.images.operations import Listed
    from hardway.images.push import Pushed


def images_table(rows: Sequence[Listed]) -> Table:
    """The catalogue and the cache."""
    columns = ("image", "state", "tags", "of", "MiB", "digest")
    return table("", *columns, rows=(_row(row) for row in rows))


def _row(row: Listed) -> tuple[str | Text, ...]:
    size = f"{row.size / (1 << 20):.1f}" if row.size else ""
    tags = ", ".join(row.tags) or row.title
    state = said(row.state, GOOD if row.state == "built" else DIM)
    return row.name, state, tags, row.origin, size, row.digest[:19]


def pushed_table(pushed: Sequence[Pushed]) -> Table:
    """What is in the registry now."""
    return table("", "image", "digest", rows=((str(one.reference), one.digest[:19]) for one in pushed))
