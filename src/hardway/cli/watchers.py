"""Those who are told what a run does, as it does it: in plain lines off a terminal, in a live view on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from hardway.cli.errors import steps as counted
from hardway.cli.progress import Progress
from hardway.cli.screen import said
from hardway.plan.steps import Action, Step
from hardway.resources.base import OPERATOR

if TYPE_CHECKING:
    from rich.console import Console

    from hardway.engine.handler import StepFailed

SIGNS: Final[Mapping[Action, str]] = {Action.CREATE: "+", Action.CHANGE: "~", Action.REMOVE: "-"}
TELL_AGAIN: Final = 10.0
"""Seconds after which a wait that goes on is told again, off a terminal."""


class Watcher:
    """Keeps how far a run is. A watcher for the engine (`engine.apply.Watcher`); this one says nothing."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.progress = Progress()
        self.busiest = Progress()
        """The moment at which most steps were being carried out: what a picture of the run shows."""
        self.busiest_at = 0.0

    @property
    def now(self) -> float:
        """Seconds since the watch began."""
        return self._clock() - self._began

    def expect(self, chapters: Mapping[str, int]) -> None:
        """So many steps are to come; said before the first."""
        self.progress = self.progress.expecting(chapters)

    def started(self, step: Step) -> None:
        self.progress = self.progress.started(step, self.now)
        if len(self.progress.machines) >= len(self.busiest.machines):
            self.busiest, self.busiest_at = self.progress, self.now

    def waiting(self, step_id: str, what: str) -> None:
        self.progress = self.progress.waiting(step_id, what, self.now)

    def finished(self, step: Step) -> None:
        self.progress = self.progress.finished(step, self.now)

    def failed(self, failure: StepFailed) -> None:
        self.progress = self.progress.ended_badly(failure.step_id, self.now)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the run goes on."""
        yield


class LineWatcher(Watcher):
    """One line for each step that ends, each chapter that is done, and each wait that is long."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock)
        self._console = console
        self._told: dict[str, float] = {}

    def waiting(self, step_id: str, what: str) -> None:
        super().waiting(step_id, what)
        found = self.progress.working.get(step_id)
        if found and self.now - self._told.get(step_id, found.since) >= TELL_AGAIN:
            self._told[step_id] = self.now
            self._line(found.step, "…", f"waits for {found.waits_for} ({self.now - found.waits_since:.0f} s)")

    def finished(self, step: Step) -> None:
        super().finished(step)
        self._line(step, SIGNS[step.action], step.resource.describe())
        if self.progress.complete(step.chapter):
            span, count = self.progress.spans[step.chapter], self.progress.done[step.chapter]
            self._say(f"{step.chapter.value}: done, {counted(count)} in {span.seconds:.1f} s")

    def failed(self, failure: StepFailed) -> None:
        super().failed(failure)
        step = self.progress.begun.get(failure.step_id)
        if step:
            self._line(step, "!", f"{step.resource.describe()}: {failure.what}")

    def _line(self, step: Step, sign: str, what: str) -> None:
        machine = "" if step.machine == OPERATOR else f"{step.machine}: "
        self._say(f"{step.chapter.value}: {machine}{sign} {what}")

    def _say(self, text: str) -> None:
        self._console.print(said(f"{self.now:7.1f} s  {text}"), soft_wrap=True)


def watcher_for(console: Console) -> Watcher:
    """The one that suits where it prints."""
    if not console.is_terminal:
        return LineWatcher(console)
    from hardway.cli.live import LiveWatcher

    return LiveWatcher(console)
