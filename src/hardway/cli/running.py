"""A run that changes something: asked for, watched, and stopped by Ctrl-C."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hardway.cli.asking import ask
from hardway.cli.errors import AGAIN, Trouble, bad_input, of_apply, of_stopped
from hardway.cli.interrupts import stoppable
from hardway.cli.plans import plan_lines, totals
from hardway.cli.session import Session
from hardway.cli.watchers import Watcher, watcher_for
from hardway.engine.apply import ApplyFailed, Stopped

if TYPE_CHECKING:
    from rich.console import Console

    from hardway.operations.look import Picture
    from hardway.operations.up import Done

    Work = Callable[[Watcher, Callable[[Picture], bool], asyncio.Event], Awaitable[Done]]


class Run:
    """One run of an operation that changes something."""

    def __init__(self, session: Session, yes: bool, again: str = AGAIN) -> None:
        """`again` says how to go on after it was cut off."""
        self._session = session
        self._yes = yes
        self._again = again
        self.watcher = watcher_for(self._console)

    @property
    def _console(self) -> Console:
        """With `-o json` all but the result goes to standard error."""
        return self._session.screen.err if self._session.as_json else self._session.screen.out

    async def watched(self, work: Work, agreed: Mapping[str, int] | None = None) -> Done:
        """The work to its end; `agreed` has the steps by chapter of a plan that nobody need be asked about any more.

        Raises Trouble where steps failed, or the user dropped it, beside what the work raises.
        """
        stop = asyncio.Event()
        with ExitStack() as view:
            if agreed is not None:
                self._begin(view, agreed)

            def confirm(picture: Picture) -> bool:
                view.close()  # it may have begun: what machines hold that were off is asked about later
                if not self._confirm(picture):
                    return False
                self._begin(view, Counter(step.chapter.value for step in picture.plan.steps))
                return True

            with stoppable(stop, lambda text: self._session.screen.tell(text, "yellow")):
                try:
                    return await work(self.watcher, confirm, stop)
                except ApplyFailed as fault:
                    raise Trouble(of_apply(fault, self.watcher.progress.begun, self._again)) from fault
                except Stopped as fault:
                    raise Trouble(of_stopped(fault, self._again)) from fault

    def _begin(self, view: ExitStack, chapters: Mapping[str, int]) -> None:
        self.watcher.expect(chapters)
        view.enter_context(self.watcher.watching())

    def _confirm(self, picture: Picture) -> bool:
        """Show the plan and ask, unless that was answered already. Raises Trouble where nobody can be asked."""
        count = totals(picture.plan)
        if self._yes:
            self._console.print(count)
            return True
        for line in plan_lines(picture.plan):
            self._console.print(line, soft_wrap=True)
        if not self._session.screen.asks:
            what = f"not on a terminal, and no --yes: nothing was changed ({count})"
            raise bad_input(what, "Give --yes to go on without being asked.")
        return ask("Do this? [y/N] ")
