"""Progress of things that take long and are no steps (builds, base images): a row each on a terminal, else lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from hardway.cli.screen import clean, said

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from hardway.cli.doors import Report


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """A place for lines about named things, while the block runs."""
    with _rows(console) if console.is_terminal else _lines(console) as report:
        yield report


@contextmanager
def _lines(console: Console) -> Iterator[Report]:
    began = monotonic()

    def report(name: str, line: str) -> None:
        console.print(said(f"{monotonic() - began:7.1f} s  {name}: {line}"), soft_wrap=True)

    yield report


@contextmanager
def _rows(console: Console) -> Iterator[Report]:
    """A row for each name with its latest line and for how long it has been at it."""
    rows: dict[str, TaskID] = {}
    with _display(console) as display:

        def report(name: str, line: str) -> None:
            if name not in rows:
                rows[name] = display.add_task(clean(name), total=None, line="")
            display.update(rows[name], line=clean(line).split("\n")[0])

        yield report


def _display(console: Console) -> Progress:
    from rich.progress import Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    return Progress(
        TextColumn("{task.description}", style="bold", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[line]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
