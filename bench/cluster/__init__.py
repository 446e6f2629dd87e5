"""From booted machines to all nodes Ready and CoreDNS Available: hardway, the bound, and kubeadm, on the same lab."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cluster import by_hardway, by_kubeadm, by_start
from bench.cluster.kubeadm_machines import MadeImage, control_plane_images
from bench.options import Options
from bench.readiness import Ready
from bench.report import Report, Row, seconds, spread
from bench.spot import spot
from hardway import app
from hardway.spec.model import Cluster


@dataclass(frozen=True, slots=True)
class Round:
    """One run of each, with the same keys."""

    hardway: by_hardway.Run
    bound: Ready
    kubeadm: by_kubeadm.Run


async def run(options: Options) -> Report:
    """The bench."""
    store = app.store(Cluster(name="bench"))
    with (
        tempfile.TemporaryDirectory(prefix=".bench-", dir=store.cache.root) as work,
        control_plane_images(Cluster(name="bench"), store, Path(work)) as made,
    ):
        rounds = [await _round(number, options, made) for number in range(1, options.rounds + 1)]
    return report(rounds)


async def _round(number: int, options: Options, made: Sequence[MadeImage]) -> Round:
    async with spot() as place:
        hardway = await by_hardway.measure(place)
        bound = await by_start.measure(place, hardway.hashes)
        kubeadm = await by_kubeadm.measure(place, made)
    figures = f"{hardway.ready.all:.2f}, {bound.all:.2f}, {kubeadm.ready.all:.2f} s"
    options.say(f"cluster, round {number} of {options.rounds}: hardway, bound, kubeadm {figures}")
    return Round(hardway, bound, kubeadm)


def report(rounds: Sequence[Round]) -> Report:
    """Medians and goals, then where the time of the middle run of hardway went."""
    a, b, c = ([way(one) for one in rounds] for way in (_a, _b, _c))
    typical = sorted(rounds, key=_a)[len(rounds) // 2].hardway
    to_bound, to_kubeadm = median(a) / median(b), median(c) / median(a)
    return Report(
        f"cluster: booted machines to nodes Ready and CoreDNS Available, median of {len(rounds)}",
        (
            Row("(a) hardway up", spread(a), note=_watched([one.hardway.ready for one in rounds])),
            Row("(b) bound: same files, one start", spread(b), note=_watched([one.bound for one in rounds])),
            Row("(c) kubeadm, 3+3", spread(c), note=_watched([one.kubeadm.ready for one in rounds])),
            Row("(a) / (b)", f"{to_bound:.2f}", "≤ 1.5", to_bound <= 1.5),
            Row("(c) / (a)", f"{to_kubeadm:.2f}", "≥ 4", to_kubeadm >= 4),
            *_where(typical),
        ),
        (
            "Times are the API's own stamps, which it cuts to whole seconds; arrivals by a watch, beside, are finer.",
            f"Files of (a) and (b) have the same {len(typical.hashes)} hashes. (a) is `hardway up` as a whole process.",
            f"kubeadm: init {_middle(rounds, 'init')}, all joined {_middle(rounds, 'joined')}; six nodes.",
        ),
    )


def _a(one: Round) -> float:
    return one.hardway.ready.stamped


def _b(one: Round) -> float:
    return one.bound.stamped


def _c(one: Round) -> float:
    return one.kubeadm.ready.stamped


def _middle(rounds: Sequence[Round], what: str) -> str:
    return seconds(median(getattr(one.kubeadm, what) for one in rounds))


def _watched(readies: Sequence[Ready]) -> str:
    nodes, arrived = median(one.nodes for one in readies), median(one.all for one in readies)
    used = median(one.processor for one in readies)
    return f"by the watch {arrived:.2f} s (nodes {nodes:.2f} s); machines' processor time {used:.1f} s"


def _where(run: by_hardway.Run) -> Sequence[Row]:
    """Chapters overlap: each runs as soon as what it needs is there."""
    first = min(span.begin for span in run.spans)
    look = Row("  start, look, plan", seconds(first), note="0.00 to first step")
    chapters = (
        Row(
            f"  {span.chapter}",
            seconds(span.end - span.begin),
            note=f"{span.begin:.2f}–{span.end:.2f}; longest {span.longest} {span.longest_seconds:.2f}",
        )
        for span in run.spans
    )
    own = Row("  hardway's own processor time", seconds(run.ended.processor), note=f"{run.ended.memory:.0f} MiB")
    return (look, *chapters, own)
