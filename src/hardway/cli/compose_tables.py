"""A compose project's services as a table: values in, what rich can draw out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from hardway.cli.screen import said
from hardway.cli.tables import BAD, GOOD, table

if TYPE_CHECKING:
    from hardway.compose.status import Running

COLUMNS = ("service", "kind", "ready", "restarts", "machines", "published", "image", "")


def running_table(running: Sequence[Running]) -> Table:
    """A row a service; the last column is what its pods say where they do not run."""
    return table("", *COLUMNS, rows=_rows(running))


def _rows(running: Sequence[Running]) -> Iterator[tuple[str | Text, ...]]:
    for one in running:
        ready = said(f"{one.ready}/{one.wanted}", GOOD if one.ready >= one.wanted else BAD)
        machines, ports = ", ".join(one.machines), ", ".join(one.ports)
        yield one.service, one.kind, ready, str(one.restarts), machines, ports, one.image, one.trouble
