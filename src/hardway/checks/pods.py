"""Pods: the cluster runs what it is given, on every worker."""

from __future__ import annotations

from hardway.checks.check import Finding, check, count, expect
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter


@check(
    "pods",
    "a Deployment that was just applied runs a pod on every worker, each with an address of its worker's range",
    Chapter.SMOKE_TEST,
    after=("nodes", "leaders"),
    within=60.0,
)
async def pods(scene: Scene) -> Finding:
    made = await scene.workload()
    expect("the set of workers with a pod", sorted(made.pods), sorted(one.name for one in scene.cluster.workers))
    return Finding(True, f"{count(len(made.pods), 'pod')} ready: {', '.join(p.address for p in made.pods.values())}")
