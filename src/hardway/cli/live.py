"""The live view of a run on a terminal: chapters with counts and times, machines with what each does and waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hardway.cli.progress import Progress, Working
from hardway.cli.screen import clean, said
from hardway.cli.watchers import SIGNS, Watcher
from hardway.resources.base import OPERATOR, Chapter

if TYPE_CHECKING:
    from hardway.engine.handler import StepFailed

REFRESH: Final = 5
"""Pictures a second: the view must not take the processor from what it shows."""
BAR: Final = 20
"""Width of a chapter's bar, in characters."""
ROOM: Final = 6
"""Lines of the terminal that are left for what is printed around the machines."""


class LiveWatcher(Watcher):
    """Draws the progress several times a second while the run goes on."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock)
        self._console = console

    def __rich__(self) -> RenderableType:
        return picture(self.progress, self.now, rows=self._console.height)

    def failed(self, failure: StepFailed) -> None:
        super().failed(failure)
        step = self.progress.begun.get(failure.step_id)
        if step:
            told = f"! {step.machine}, {step.chapter.value}: {step.resource.describe()}: {failure.what}"
            self._console.print(said(told, "red"), soft_wrap=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        # Not `transient`: how far it came stays on the screen.
        with Live(self, console=self._console, refresh_per_second=REFRESH, redirect_stdout=False):
            yield


def picture(progress: Progress, now: float, rows: int = 60) -> RenderableType:
    """What the view shows at that moment, in at most so many rows."""
    chapters = progress.chapters
    room = max(3, rows - len(chapters) - ROOM)
    return Group(_chapters(progress, now, chapters), *_machines(progress, now, room))


def _chapters(progress: Progress, now: float, chapters: Sequence[Chapter]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right"):
        table.add_column(justify=justify, no_wrap=True)
    for chapter in chapters:
        table.add_row(*_chapter(progress, now, chapter))
    return table


def _chapter(progress: Progress, now: float, chapter: Chapter) -> tuple[Text, Text, str, str]:
    done, total = progress.done.get(chapter, 0), progress.total(chapter)
    style = "red" if progress.failed.get(chapter) else "green" if progress.complete(chapter) else ""
    span = progress.spans.get(chapter)
    end = now if span and not progress.complete(chapter) else span.last if span else 0
    took = f"{end - span.first:.1f} s" if span else ""
    filled = BAR * done // total if total else BAR
    bar = Text("━" * filled, style or "cyan") + Text("━" * (BAR - filled), "dim")
    return Text(chapter.value, style or ("" if span else "dim")), bar, f"{done}/{total}", took


def _machines(progress: Progress, now: float, room: int) -> Iterator[RenderableType]:
    machines = list(progress.machines.items())
    if not machines:
        return
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=2, style="yellow")
    for machine, working in machines[:room]:
        table.add_row("this computer" if machine == OPERATOR else machine, _doing(working), _waits(working, now))
    yield Text()
    yield table
    if len(machines) > room:
        yield Text(f"and {len(machines) - room} more machines", "dim")


def _doing(working: Sequence[Working]) -> Text:
    """The step that has waited longest is what holds the machine up."""
    first = working[0]
    more = f"  (+{len(working) - 1})" if len(working) > 1 else ""
    return Text(f"{SIGNS[first.step.action]} {clean(first.step.resource.describe())}{more}")


def _waits(working: Sequence[Working], now: float) -> str:
    waits = [one for one in working if one.waits_for]
    if not waits:
        return ""
    longest = min(waits, key=lambda one: one.waits_since)
    return f"{clean(longest.waits_for)} ({now - longest.waits_since:.0f} s)"


def record_svg(title: str, *shown: RenderableType, width: int = 100) -> str:
    """What was shown, as a picture of a terminal in SVG."""
    import io

    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for one in shown:
        console.print(one)
    return console.export_svg(title=title)
