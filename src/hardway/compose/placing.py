"""Where volumes go: a StorageClass where there is one, else the disk of one machine of the cluster. Reads the API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from hardway.compose.cluster import CLASS, client_of, has_default
from hardway.compose.converting.convert import Converted
from hardway.compose.converting.names import project_labels
from hardway.compose.converting.parts import Body
from hardway.compose.local_volumes import VOLUME, LocalVolume, volume_of
from hardway.compose.resources import CLAIM
from hardway.kube.api import Body as Live


@dataclass(frozen=True, slots=True)
class Placed:
    """A project whose volumes have their places."""

    converted: Converted
    volumes: tuple[LocalVolume, ...] = ()


async def place(kubeconfig: Path, converted: Converted, project: str, machines: Sequence[str]) -> Placed:
    """Claims without a class go to the cluster's default one; where there is none, to a machine. What is somewhere
    stays there. `machines` are the workers. Raises ApiUnavailable, ApiError."""
    if not converted.claims:
        return Placed(converted)
    labels = ",".join(f"{key}={value}" for key, value in project_labels(project).items())
    async with client_of(kubeconfig) as client:
        classes, claims, volumes = await asyncio.gather(
            client.list("storage.k8s.io/v1", "StorageClass"),
            client.list("v1", CLAIM, converted.names.namespace),
            client.list("v1", VOLUME, labels=labels),
        )
    return placed(converted, _classes_of(claims), has_default(classes), _machines_of(volumes), machines)


def placed(
    converted: Converted,
    classes: Mapping[str, str],
    default: bool,
    there: Mapping[str, str],
    machines: Sequence[str],
) -> Placed:
    """The same of what was seen: `classes` has those of claims that are there, `there` the machines of local volumes,
    both by the claim's name. Pure."""
    local = [body for body in converted.claims if _is_local(body, classes, default)]
    if not local or not machines:
        return Placed(converted)
    home = next(iter(there.values()), "") or _chosen(converted.names.namespace, machines)
    volumes = {body["metadata"]["name"]: _volume(body, there, home) for body in local}
    claims = (_bound(body, volumes) for body in converted.claims)
    return Placed(replace(converted, claims=tuple(claims)), tuple(volumes.values()))


def _is_local(body: Body, classes: Mapping[str, str], default: bool) -> bool:
    wanted = body["spec"].get("storageClassName") or classes.get(body["metadata"]["name"])
    return wanted == CLASS or (not wanted and not default)


def _chosen(namespace: str, machines: Sequence[str]) -> str:
    """One for all volumes of a project, so that services may share them; another project has another one."""
    return machines[int(sha256(namespace.encode()).hexdigest(), 16) % len(machines)]


def _volume(body: Body, there: Mapping[str, str], home: str) -> LocalVolume:
    meta, size = body["metadata"], body["spec"]["resources"]["requests"]["storage"]
    machine = there.get(meta["name"], home)
    return LocalVolume(machine=machine, namespace=meta["namespace"], claim=meta["name"], size=size)


def _bound(body: Body, volumes: Mapping[str, LocalVolume]) -> Body:
    volume = volumes.get(body["metadata"]["name"])
    if volume is None:
        return body
    return {**body, "spec": {**body["spec"], "storageClassName": CLASS, "volumeName": volume.object_name}}


def _classes_of(claims: Sequence[Live]) -> Mapping[str, str]:
    return {one["metadata"]["name"]: str(one["spec"].get("storageClassName", "")) for one in claims}


def _machines_of(volumes: Sequence[Live]) -> Mapping[str, str]:
    return dict(_pairs(volumes))


def _pairs(volumes: Sequence[Live]) -> Iterator[tuple[str, str]]:
    for volume in filter(None, map(volume_of, volumes)):
        yield volume.claim, volume.machine
