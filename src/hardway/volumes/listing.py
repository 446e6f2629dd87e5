"""Volumes as values: what the API's claims, volumes and pods say of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hardway.components.storage import PROVISIONER, VOLUMES
from hardway.volumes.faults import VolumeFault

Body = Mapping[str, Any]
Claim = tuple[str, str]
"""Namespace and name."""

HOSTNAME: Final = "kubernetes.io/hostname"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
ENDED: Final = frozenset({"Succeeded", "Failed"})
"""Phases of pods that use nothing any more."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume, or a claim that has none yet."""

    namespace: str
    """Of its claim; empty for a volume without one."""
    claim: str
    volume: str
    """The PersistentVolume's name; empty where there is none yet."""
    size: str
    storage_class: str
    status: str
    """Bound, Pending, Released, Available, Failed, Lost."""
    node: str
    """The only worker that has it; empty where any may."""
    path: str
    """On that worker; empty where it is no directory of one."""
    pods: tuple[str, ...]
    """Pods that use it now."""
    local: bool
    """Whether hardway's own provisioner made it."""

    @property
    def name(self) -> str:
        """NAMESPACE/CLAIM, or the volume's own name where no claim has it."""
        return f"{self.namespace}/{self.claim}" if self.claim else self.volume


def volumes(persistent: Sequence[Body], claims: Sequence[Body], pods: Sequence[Body]) -> tuple[Volume, ...]:
    """All of them, by name."""
    used = _used(pods)
    by_name = {body["metadata"]["name"]: body for body in persistent}
    found = [_volume(body, used) for body in persistent]
    waiting = (body for body in claims if body["spec"].get("volumeName", "") not in by_name)
    found += [_claim(body, used) for body in waiting]
    return tuple(sorted(found, key=lambda one: (not one.claim, one.name)))


def _used(pods: Iterable[Body]) -> Mapping[Claim, tuple[str, ...]]:
    """The pods that use each claim."""
    found: dict[Claim, list[str]] = defaultdict(list)
    for pod in pods:
        if pod.get("status", {}).get("phase") not in ENDED:
            for claim in _claims_of(pod):
                found[pod["metadata"]["namespace"], claim].append(pod["metadata"]["name"])
    return {claim: tuple(sorted(names)) for claim, names in found.items()}


def _claims_of(pod: Body) -> Iterator[str]:
    """By name, and those that are made for the pod alone (generic ephemeral volumes)."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]
        elif "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}"


def _volume(body: Body, used: Mapping[Claim, tuple[str, ...]]) -> Volume:
    meta, spec = body["metadata"], body["spec"]
    bound = spec.get("claimRef") or {}
    claim = (bound.get("namespace", ""), bound.get("name", ""))
    return Volume(
        *claim,
        volume=meta["name"],
        size=spec.get("capacity", {}).get("storage", ""),
        storage_class=spec.get("storageClassName", ""),
        status=body.get("status", {}).get("phase", ""),
        node=_node(spec),
        path=(spec.get("local") or spec.get("hostPath") or {}).get("path", ""),
        pods=used.get(claim, ()),
        local=(meta.get("annotations") or {}).get(PROVISIONED_BY) == PROVISIONER,
    )


def _node(spec: Body) -> str:
    """The worker that the volume's affinity names, where it is one."""
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    for term in terms:
        for one in term.get("matchExpressions") or ():
            if one.get("key") == HOSTNAME and len(one.get("values") or ()) == 1:
                return str(one["values"][0])
    return ""


def _claim(body: Body, used: Mapping[Claim, tuple[str, ...]]) -> Volume:
    meta, spec = body["metadata"], body["spec"]
    return Volume(
        namespace=meta["namespace"],
        claim=meta["name"],
        volume="",
        size=spec.get("resources", {}).get("requests", {}).get("storage", ""),
        storage_class=spec.get("storageClassName") or "",
        status=body.get("status", {}).get("phase", ""),
        node="",
        path="",
        pods=used.get((meta["namespace"], meta["name"]), ()),
        local=False,
    )


def chosen(name: str, among: Sequence[Volume]) -> Volume:
    """The volume of that name: NAMESPACE/CLAIM, a CLAIM that one namespace has, or its own. Raises VolumeFault."""
    found = [one for one in among if name in (one.name, one.claim, one.volume)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in (found or among)) or "none"
    what = f"several claims are called {name}" if found else f"there is no volume {name}"
    raise VolumeFault(what, advice=f"name one as `hardway volumes ls` does: {names}", bad_input=True)


def directory(volume: Volume) -> str:
    """Where on its worker a volume of ours is. Raises VolumeFault for any other."""
    if not volume.volume:
        advice = "it is made when the first pod that uses it is placed on a worker"
        raise VolumeFault(f"{volume.name} has no volume yet ({volume.status})", advice=advice, bad_input=True)
    path = f"{VOLUMES}/{volume.volume}"
    if not volume.local or not volume.node or volume.path != path:
        advice = f"only volumes of the storage class that hardway provides are copied, those in {VOLUMES}"
        raise VolumeFault(f"{volume.name} is no local volume of hardway's", advice=advice, bad_input=True)
    return path
