"""A pod's volumes as a task's: scratch for emptyDir and for written files, EFS by annotation. Pure.

Fargate has no volume with content of its own: files of ConfigMaps and Secrets are written by a first container
(`files`) into scratch that the others mount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil
from typing import Any, Final

from hardway.fargate.mapping import pods
from hardway.fargate.settings import amount
from hardway.kube.api import Body

WRITTEN: Final = ("configMap", "secret", "projected", "downwardAPI")
FREE_GIB: Final = 20
LARGEST_GIB: Final = 200
"""A task's scratch: 20 GiB come with it, 200 at most (Developer Guide, "Fargate task ephemeral storage")."""
_EFS: Final = re.compile(r"^(fs-[0-9a-f]+)(?::(/.*))?$")


def volume_refusals(pod: Body) -> Iterator[str]:
    for volume in pods.volumes(pod):
        yield from (f"volume {volume['name']}: {what}" for what in _of_volume(pod, volume))
    for container in pods.all_containers(pod):
        for mount in pods.mounts(container):
            if mount.get("subPath") or mount.get("subPathExpr"):
                yield f"container {container['name']}: subPath of volume {mount['name']}"
    if _scratch_gib(pod) > LARGEST_GIB:
        yield f"emptyDir volumes of {_scratch_gib(pod)} GiB together: a task has {LARGEST_GIB} at most"


def _of_volume(pod: Body, volume: Body) -> Iterator[str]:
    if is_written(volume):
        yield from _of_projection(volume)
        return
    if "emptyDir" in volume:
        if (volume["emptyDir"] or {}).get("medium"):
            yield "emptyDir in memory"
        return
    if "persistentVolumeClaim" not in volume:
        yield f"{_source(volume)} volumes do not exist on Fargate"
    elif _efs(pod, volume) is None:
        yield f"a claim needs the annotation {efs_annotation(volume)}: fs-ID[:/path] (only EFS can be mounted)"


def _of_projection(volume: Body) -> Iterator[str]:
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "serviceAccountToken" in source:
            yield "a service account's token (no task can renew one)"
        elif not set(source) <= {"configMap", "secret", "downwardAPI"}:
            yield f"{', '.join(sorted(source))} projected"


def _source(volume: Body) -> str:
    return next((key for key in volume if key != "name"), "unknown")


def is_written(volume: Body) -> bool:
    """Whether it holds files of ConfigMaps, Secrets or the pod itself."""
    return any(kind in volume for kind in WRITTEN)


def efs_annotation(volume: Body) -> str:
    return f"{pods.ANNOTATION}efs-{volume['name']}"


def _efs(pod: Body, volume: Body) -> re.Match[str] | None:
    return _EFS.match(pods.annotations_of(pod).get(efs_annotation(volume), ""))


def _scratch_gib(pod: Body) -> int:
    limits = (str((one["emptyDir"] or {}).get("sizeLimit", "0")) for one in pods.volumes(pod) if "emptyDir" in one)
    return ceil(sum(amount(limit) for limit in limits) / (1 << 30))


def task_volumes(pod: Body) -> list[dict[str, Any]]:
    return [_task_volume(pod, volume) for volume in pods.volumes(pod)]


def _task_volume(pod: Body, volume: Body) -> dict[str, Any]:
    found = _efs(pod, volume)
    if found is None:
        return {"name": volume["name"]}
    configuration = {"fileSystemId": found[1], "rootDirectory": found[2] or "/", "transitEncryption": "ENABLED"}
    return {"name": volume["name"], "efsVolumeConfiguration": configuration}


def storage(pod: Body) -> dict[str, Any]:
    """The registration's ephemeralStorage, where more is wanted than comes with every task (21 GiB at least)."""
    wanted = _scratch_gib(pod)
    return {"ephemeralStorage": {"sizeInGiB": wanted}} if wanted > FREE_GIB else {}


def mount_points(pod: Body, container: Body) -> list[dict[str, Any]]:
    written = {volume["name"] for volume in pods.volumes(pod) if is_written(volume)}
    return [
        {
            "sourceVolume": mount["name"],
            "containerPath": mount["mountPath"],
            "readOnly": bool(mount.get("readOnly")) or mount["name"] in written,
        }
        for mount in pods.mounts(container)
    ]
