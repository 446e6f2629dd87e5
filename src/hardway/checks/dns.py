"""DNS: names of the cluster, and names of the world outside."""

from __future__ import annotations

from collections.abc import Mapping

from hardway.checks.check import Finding, Wrong, check, count, expect, judged, said, troubles
from hardway.checks.scene import Scene
from hardway.checks.workload import NAME
from hardway.resources.base import Chapter
from hardway.spec.addresses import api_service_address

OUTSIDE = "example.com"
"""Reserved by RFC 2606, and there."""


@check(
    "dns-inside",
    "pods on each worker resolve services: by full name, by short name, and the API's own",
    Chapter.DNS,
    after=("cluster-ip",),
)
async def dns_inside(scene: Scene) -> Finding:
    made = await scene.workload()
    domain = scene.cluster.cluster_domain
    api = str(api_service_address(scene.cluster))
    wanted = {
        f"{NAME}.{scene.space}.svc.{domain}.": made.cluster_ip,
        NAME: made.cluster_ip,
        f"kubernetes.default.svc.{domain}.": api,
        "kubernetes.default": api,
    }
    found = await troubles({worker: _resolves(scene, worker, wanted) for worker in made.pods})
    return judged(found, f"{count(len(wanted), 'name')} from {count(len(made.pods), 'worker')}")


async def _resolves(scene: Scene, worker: str, wanted: Mapping[str, str]) -> None:
    for name, address in wanted.items():
        expect(name, await scene.resolved(worker, name), [address])


@check(
    "dns-outside",
    "pods on each worker resolve an outside name where the worker itself does; elsewhere they are told so at once",
    Chapter.DNS,
    after=("dns-inside",),
)
async def dns_outside(scene: Scene) -> Finding:
    made = await scene.workload()
    told: dict[str, str] = {}

    async def look(worker: str) -> None:
        there = await _worker_resolves(scene, worker)
        told[worker] = judge_outside(there, await _pod_is_told(scene, worker))

    found = await troubles({worker: look(worker) for worker in made.pods})
    return judged(found, "; ".join(sorted(set(told.values()))))


async def _worker_resolves(scene: Scene, worker: str) -> bool:
    answered = await scene.run(worker, f"timeout 5 getent ahostsv4 {OUTSIDE} || :\n")
    return bool(answered.strip())


async def _pod_is_told(scene: Scene, worker: str) -> str:
    """Addresses, or the fault."""
    try:
        return " ".join(await scene.resolved(worker, f"{OUTSIDE}."))
    except Wrong as error:
        return said(error)


def judge_outside(worker_resolves: bool, pod_told: str) -> str:
    """What is proved, in words. Raises Wrong where the pod is worse off than its worker, or waits in vain. Pure."""
    refused = any(text in pod_told for text in ("no such host", "server misbehaving"))
    if not refused and " says 502" in pod_told:
        raise Wrong(f"{OUTSIDE}: {pod_told}")
    if worker_resolves and refused:
        raise Wrong(f"the worker resolves {OUTSIDE}, its pod does not: {pod_told}")
    if refused:
        return f"the workers resolve no outside name, and pods are told so at once ({OUTSIDE})"
    return f"{OUTSIDE} is {pod_told}"
