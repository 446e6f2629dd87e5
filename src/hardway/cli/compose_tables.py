"""A compose project's services as a table: values in, what rich can draw out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from hardway.cli.screen import said
from hardway.cli.tables import BAD, DIM, GOOD, table

if TYPE_CHECKING:
    from hardway.compose.status import ProjectStatus, Running

COLUMNS = ("service", "kind", "ready", "restarts", "machines", "published", "image", "")


def status_tables(found: ProjectStatus) -> Iterator[RenderableType]:
    """A row a service; the last column is what its pods say where they do not run. Below it where ports answer."""
    yield table("", *COLUMNS, rows=_rows(found.services))
    if any(one.ports for one in found.services):
        yield said(f"published ports answer at {', '.join(found.addresses)}", DIM)


def _rows(services: Sequence[Running]) -> Iterator[tuple[str | Text, ...]]:
    for one in services:
        ready = said(f"{one.ready}/{one.wanted}", GOOD if one.ready >= one.wanted else BAD)
        machines, ports = ", ".join(one.machines), ", ".join(one.ports)
        yield one.service, one.kind, ready, str(one.restarts), machines, ports, one.image, one.trouble
