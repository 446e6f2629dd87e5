"""`hardway --help` as a whole process: what a user waits for before the first word."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median
from typing import Final

from bench.children import HARDWAY, timed
from bench.options import Options
from bench.report import Report, Row, seconds, within

GOAL: Final = 0.3
"""Seconds."""

PEER: Final = "import typer; a = typer.Typer(); a.command()(lambda: None); a(['--help'])"
"""The smallest program with the same library for command lines and help."""


async def run(options: Options) -> Report:
    """Median of rounds, beside Python alone and the smallest program with the same library."""
    rounds = max(options.rounds, 5)
    reached = await _median((HARDWAY, "--help"), rounds)
    peer = await _median((sys.executable, "-c", PEER), rounds)
    nothing = await _median((sys.executable, "-c", "pass"), rounds)
    return Report(
        f"help: `hardway --help`, a whole process, median of {rounds}",
        (
            within("hardway --help", reached, GOAL),
            Row("bound: the library's own help of nothing", seconds(peer)),
            Row("bound: Python that does nothing", seconds(nothing)),
        ),
    )


async def _median(argv: Sequence[str], rounds: int) -> float:
    return median([(await timed(argv)).seconds for _ in range(rounds)])
