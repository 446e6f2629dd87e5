"""What a bench answers, and how it is shown: a table each, goals beside figures. Touches standard output only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table


class BenchFailed(Exception):
    """What was to be measured did not come about; says what and shows why."""

    def __init__(self, what: str, evidence: str = "") -> None:
        super().__init__(f"{what}\n{evidence}".strip())


@dataclass(frozen=True, slots=True)
class Row:
    """A figure."""

    what: str
    reached: str
    goal: str = ""
    """As text; empty where the figure is a peer, a bound or a part."""
    met: bool | None = None
    """Whether the goal was reached."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one bench found."""

    title: str
    rows: Sequence[Row]
    footnotes: Sequence[str] = field(default=())


def within(what: str, reached: float, goal: float, note: str = "") -> Row:
    """A time in seconds with a goal that it should not exceed."""
    return Row(what, seconds(reached), f"≤ {goal:g} s", reached <= goal, note)


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def spread(values: Sequence[float]) -> str:
    """The median, and between what it lies."""
    middle = seconds(median(values))
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}–{max(values):.2f})"


def show(report: Report, console: Console) -> None:
    """Print the table."""
    table = Table(title=report.title, title_justify="left", caption_justify="left")
    table.add_column("")
    table.add_column("reached", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("")
    for row in report.rows:
        color = {None: "", True: "green", False: "red"}[row.met]
        missed = " (missed)" if row.met is False else ""
        table.add_row(row.what, f"[{color}]{row.reached}[/]" if color else row.reached, row.goal + missed, row.note)
    console.print(table)
    for note in report.footnotes:
        console.print(f"  {note}", style="dim", highlight=False)
    console.print()
