"""Leader election: one controller-manager and one scheduler lead, and do not sleep."""

from __future__ import annotations

from contextlib import aclosing

from hardway.checks.check import Finding, Wrong, check, judged, troubles
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter

LEASES = ("kube-controller-manager", "kube-scheduler")


@check(
    "leaders",
    "one controller-manager and one scheduler on a master lead, and were seen to renew their lease",
    Chapter.CONTROL_PLANE,
    after=("vip",),
)
async def leaders(scene: Scene) -> Finding:
    held: dict[str, str] = {}

    async def watch(lease: str) -> None:
        held[lease] = await _renewed(scene, lease)

    found = await troubles({lease: watch(lease) for lease in LEASES})
    return judged(found, ", ".join(f"{lease} on {holder}" for lease, holder in sorted(held.items())))


async def _renewed(scene: Scene, lease: str) -> str:
    """The machine that renewed the lease while we watched (every 2 s, --leader-elect-retry-period)."""
    events = scene.kube.watch("coordination.k8s.io/v1", "Lease", "kube-system", fields=f"metadata.name={lease}")
    first: str | None = None
    async with aclosing(events):
        async for event in events:
            spec = event.object.get("spec", {})
            if first is not None and spec.get("renewTime") != first:
                return holder(str(spec.get("holderIdentity") or ""), {one.name for one in scene.cluster.masters})
            first = str(spec.get("renewTime"))
    raise Wrong("the watch of its lease ended before it was renewed")


def holder(identity: str, masters: set[str]) -> str:
    """The master in a holder's identity (NAME_UUID). Raises Wrong where it is none of ours. Pure."""
    name = identity.partition("_")[0].partition(".")[0]
    if name not in masters:
        raise Wrong(f"its lease is held by {identity or 'nobody'}, which is no master")
    return name
