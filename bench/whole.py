"""The whole of hardway as a user has it: from nothing to a verified cluster, once more, and a look that finds nothing.

Every figure is of a whole process. The cache is warm: programs, images and the lab's base image are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

from bench.children import HARDWAY, Ended, timed
from bench.options import Options
from bench.report import Report, Row, seconds, spread, within
from bench.spot import Spot, everywhere, spot
from hardway.lab import operations as lab

ALL_GOAL: Final = 45.0
PLAN_GOAL: Final = 2.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Round:
    """One cluster's life; seconds where no process is meant."""

    up: Ended
    verify: Ended
    again: Ended
    plan: Ended
    ask: float
    down: Ended
    machines: float

    @property
    def all(self) -> float:
        return self.up.seconds + self.verify.seconds


async def run(options: Options) -> Report:
    """Median of rounds."""
    rounds: list[Round] = []
    for number in range(1, options.rounds + 1):
        async with spot() as place:
            rounds.append(await _round(place))
        options.say(f"whole, round {number} of {options.rounds}: {rounds[-1].all:.2f} s")
    return _report(rounds)


async def _round(place: Spot) -> Round:
    began = perf_counter()
    await lab.up(place.cluster)
    machines = perf_counter() - began
    await lab.down(place.cluster)
    up, verify, again = (
        await _call(place, "up", "--yes"),
        await _call(place, "verify"),
        await _call(place, "up", "--yes"),
    )
    plan = await _call(place, "plan")
    ask = await _ask(place)
    return Round(up, verify, again, plan, ask, await _call(place, "down", "--yes"), machines)


async def _call(place: Spot, *verb: str) -> Ended:
    return await timed((HARDWAY, *verb, "-f", str(place.spec)))


async def _ask(place: Spot) -> float:
    """The least that a look at the machines takes: a connection to each, and one empty script."""
    async with place.world() as world:
        began = perf_counter()
        await everywhere(world, {machine.name: ":" for machine in place.cluster.all_machines})
        return perf_counter() - began


def _report(rounds: Sequence[Round]) -> Report:
    return Report(
        f"whole: from nothing to a verified cluster of 3+3 and 2 balancers, median of {len(rounds)}",
        (
            within("up and verify", median(one.all for one in rounds), ALL_GOAL),
            _row("  up, machines included", [one.up for one in rounds]),
            Row("  bound: machines alone", spread([one.machines for one in rounds]), note="made, booted, sshd answers"),
            _row("  verify", [one.verify for one in rounds]),
            _row("up again, nothing to do", [one.again for one in rounds]),
            within("plan, nothing to do", median(one.plan.seconds for one in rounds), PLAN_GOAL),
            Row(
                "  bound: SSH to each machine, `:`",
                seconds(median(one.ask for one in rounds)),
                note="Python runs already",
            ),
            _row("down", [one.down for one in rounds]),
        ),
    )


def _row(what: str, calls: Sequence[Ended]) -> Row:
    processor, memory = median(one.processor for one in calls), max(one.memory for one in calls)
    note = f"processor {processor:.2f} s, {memory:.0f} MiB"
    return Row(what, spread([one.seconds for one in calls]), note=note)
