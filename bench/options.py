"""What a bench is told on the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.report import Report

Say = Callable[[str], None]
"""Told what is being done, a line at a time: some benches take minutes."""


@dataclass(frozen=True, slots=True)
class Options:
    """The same for all benches."""

    rounds: int
    """How often what varies is measured; the median is shown."""
    machines: int
    """Simulated machines."""
    sessions: int
    """Real SSH sessions."""
    say: Say


Bench = Callable[[Options], Awaitable[Report]]
