"""(c) kubeadm makes the same cluster of 3 and 3, driven as fast as its documentation allows.

Images are imported, configurations, token, certificate key and authority laid, the balancers up before the clock runs.
Then `init`, and all joins at once as soon as it has ended. flannel and CoreDNS are applied meanwhile, as soon as the
API takes them. Unlike with hardway, masters are nodes too: six must be Ready.
"""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cluster.kubeadm_machines import CONFIG, KUBE_PROXY_UNIT, MadeImage, objects, wanted
from bench.cluster.kubeadm_texts import Secrets
from bench.laying import lay
from bench.objects import apply_all
from bench.readiness import Ready
from bench.report import BenchFailed
from bench.spot import Spot, everywhere
from bench.together import both
from hardway.components.layout import BREAK_GLASS_KUBECONFIG
from hardway.operations.wanted import wanted as wanted_by_hardway
from hardway.operations.world import World
from hardway.pki import names
from hardway.resources.operator import StateFile


@dataclass(frozen=True, slots=True)
class Run:
    """One run of kubeadm."""

    ready: Ready
    init: float
    """Seconds until `init` had ended."""
    joined: float
    """Seconds until the last join had ended."""


async def measure(spot: Spot, made: Sequence[MadeImage]) -> Run:
    """Boots, lays, then measures. The state must hold the keys of a run of hardway. Raises BenchFailed."""
    await spot.boot()
    async with spot.world() as world:
        await world.machines.observe([])
        facts = world.machines.facts
        ways_in = [one for one in wanted_by_hardway(spot.cluster, facts, world.provider) if isinstance(one, StateFile)]
        before = wanted(spot.cluster, facts, made, _secrets(world))
        await lay(world, [*before, *ways_in], {ref: value for one in made for ref, value in one.values.items()})
        nodes = (*spot.cluster.masters, *spot.cluster.workers)
        await everywhere(world, {node.name: _PREPARED for node in nodes})
        kubeconfig = spot.state / BREAK_GLASS_KUBECONFIG
        bodies = [one.body for one in objects(spot.cluster, facts)]
        began = time.time()
        work = both(_drive(world, began), apply_all(kubeconfig, bodies))
        ready, ((initialised, joined), _) = await both(spot.until_ready([node.name for node in nodes]), work)
    return Run(ready, initialised, joined)


def _secrets(world: World) -> Secrets:
    public = world.vault.value(names.public_key(names.KUBERNETES_CA))
    if public is None:
        raise BenchFailed("the state holds no authority yet")
    return Secrets(f"{random.token_hex(3)}.{random.token_hex(8)}", random.token_hex(32), public.decode())


_PREPARED = "systemctl daemon-reload; systemctl enable --quiet kubelet.service"


async def _drive(world: World, began: float) -> tuple[float, float]:
    """Seconds until init and until the last join had ended."""
    nodes = [*world.cluster.masters, *world.cluster.workers]
    first, others = nodes[0], nodes[1:]
    await everywhere(world, {first.name: f"kubeadm init --config {CONFIG} --upload-certs --skip-phases=addon"})
    initialised = time.time() - began
    workers = {worker.name for worker in world.cluster.workers}
    proxy = f"systemctl start --no-block {KUBE_PROXY_UNIT}; "
    joins = {one.name: f"{proxy if one.name in workers else ''}kubeadm join --config {CONFIG}" for one in others}
    await everywhere(world, joins)
    return initialised, time.time() - began
