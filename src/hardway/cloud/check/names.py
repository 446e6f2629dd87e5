"""The names of what a run makes: they say which run made it, and so whether a later run may take it away. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "hardway-check"

ABANDONED: Final = 3600.0
"""Seconds after which a run is surely over: no proof's deadlines add up to as much."""

_NAME: Final = re.compile(rf"{PREFIX}-(?P<began>[0-9a-f]+)-(?P<computer>[0-9a-f]+)-(?P<process>[0-9a-f]+)-")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the check."""

    began: int
    """Seconds since the epoch."""
    computer: int
    """Tells computers apart; any number."""
    process: int

    def name(self, part: str) -> str:
        """The name of something that this run makes, such as hardway-check-6741c2d0-a1b2c3-1f4-volume."""
        return f"{PREFIX}-{self.began:x}-{self.computer:x}-{self.process:x}-{part}"


def run_of(name: str) -> Run | None:
    """The run that made what has this name; None for what no run made."""
    found = _NAME.match(name)
    return Run(*(int(found[group], 16) for group in ("began", "computer", "process"))) if found else None


def is_leftover(name: str, own: Run, now: float, runs: Callable[[int], bool]) -> bool:
    """Whether this was left behind: by a run that was here and is no more, or by one that began too long ago.

    `runs` answers whether a process of this computer is there. Another run that is still at work is left in peace.
    """
    made_by = run_of(name)
    if made_by is None or made_by == own:
        return False
    if now - made_by.began > ABANDONED:
        return True
    return made_by.computer == own.computer and not runs(made_by.process)
