"""(b) the bound: the same files laid beforehand with everything stopped, then one `systemctl start` everywhere at once.

Nobody can be faster than this with the same programs and units: nothing is made, sent or proven any more. The same API
objects are applied as soon as the API takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import join

from bench.laying import all_wanted, hashes, lay, units
from bench.objects import apply_all
from bench.readiness import Ready
from bench.report import BenchFailed
from bench.spot import Spot, everywhere
from bench.together import both
from hardway.components.layout import BREAK_GLASS_KUBECONFIG, CONTAINERD_UNIT
from hardway.resources.base import Resource
from hardway.resources.host import Unit
from hardway.resources.kubernetes import KubeObject


async def measure(spot: Spot, as_hardway_laid: Mapping[str, str]) -> Ready:
    """Lays, holds what lies there against what hardway laid with the same keys, then measures. Raises BenchFailed."""
    await spot.boot()
    async with spot.world() as world:
        resources = await all_wanted(world)
        await lay(world, [one for one in resources if not _started_later(one)])
        _compare(as_hardway_laid, await hashes(world, resources))
        await everywhere(world, {machine.name: _STILL for machine in spot.cluster.all_machines})
        starts = {m.name: _start(units(resources, m.name)) for m in spot.cluster.all_machines}
        kubeconfig = spot.state / BREAK_GLASS_KUBECONFIG
        nodes = [worker.name for worker in spot.cluster.workers]
        bodies = [one.body for one in resources if isinstance(one, KubeObject)]
        begun = both(everywhere(world, starts), apply_all(kubeconfig, bodies))
        ready, _ = await both(spot.until_ready(nodes), begun)
    return ready


def _started_later(one: Resource) -> bool:
    """All units but containerd's, which must run for a moment to take the images in."""
    return isinstance(one, Unit) and one.unit != CONTAINERD_UNIT


_STILL = f"systemctl daemon-reload; systemctl stop {CONTAINERD_UNIT} 2>/dev/null || :"


def _start(names: Sequence[str]) -> str:
    return f"systemctl start --no-block -- {join(names)}"


def _compare(theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    other = sorted(one for one in {*theirs, *ours} if not ours.get(one) or theirs.get(one) != ours.get(one))
    if other:
        raise BenchFailed(f"{len(other)} files are not the same as hardway laid", "\n".join(other[:10]))
