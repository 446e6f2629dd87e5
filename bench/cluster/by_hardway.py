"""(a) hardway: `hardway up` as a user calls it, over machines that are booted and empty."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.children import HARDWAY, Ended, timed
from bench.laying import all_wanted, hashes
from bench.readiness import Ready
from bench.spot import Spot
from bench.together import both
from hardway.engine.journal import Journal, StepRecord


@dataclass(frozen=True, slots=True)
class Run:
    """One run of hardway."""

    ready: Ready
    ended: Ended
    spans: Sequence[Span]
    hashes: Mapping[str, str]
    """Of all that it laid, by resource id."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a chapter was worked on, in seconds since the beginning, and its longest step."""

    chapter: str
    begin: float
    end: float
    longest: str
    longest_seconds: float


async def measure(spot: Spot) -> Run:
    """Boots the machines, then measures."""
    await spot.boot()
    nodes = [worker.name for worker in spot.cluster.workers]
    began = time.time()
    ready, ended = await both(
        spot.until_ready(nodes),
        timed([HARDWAY, "up", "--yes", "-f", str(spot.spec)]),
    )
    async with spot.world() as world:
        laid = await hashes(world, await all_wanted(world))
    return Run(ready, ended, spans(spot, began), laid)


def spans(spot: Spot, began: float) -> Sequence[Span]:
    """Each chapter of the last run, as the journal has it."""
    journal = Journal(spot.state / "journal.sqlite")
    try:
        steps = [step for step in journal.steps(journal.runs()[-1].id) if step.started and step.ended]
    finally:
        journal.close()
    chapters = dict.fromkeys(step.chapter for step in steps)
    found = [_span(chapter, [step for step in steps if step.chapter == chapter], began) for chapter in chapters]
    return sorted(found, key=lambda span: span.end)


def _span(chapter: str, steps: Sequence[StepRecord], began: float) -> Span:
    longest = max(steps, key=_seconds)
    begin, end = min(_at(step.started) for step in steps), max(_at(step.ended) for step in steps)
    return Span(chapter, begin - began, end - began, longest.id, _seconds(longest))


def _seconds(step: StepRecord) -> float:
    return _at(step.ended) - _at(step.started)


def _at(stamp: str | None) -> float:
    assert stamp is not None
    return datetime.fromisoformat(stamp).timestamp()
