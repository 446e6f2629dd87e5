"""The pod of a service. Pure."""

from __future__ import annotations

from math import ceil
from typing import Final

from hardway.compose.converting.databases import database_at, database_of
from hardway.compose.converting.environment import add_environment, add_grants
from hardway.compose.converting.images import image_of, pull_policy
from hardway.compose.converting.names import label
from hardway.compose.converting.network import dns_config, host_aliases
from hardway.compose.converting.parts import Around, Body, Pieces, literal
from hardway.compose.converting.probes import probes
from hardway.compose.converting.security import container_security, pod_security
from hardway.compose.converting.storage import add_storage
from hardway.compose.model import Resources, Service

GRACE: Final = 10
"""Seconds that Docker gives a container to stop."""
DATABASE_GRACE: Final = 120
"""Seconds for a database where nothing is said: InnoDB writes out what it holds before it ends."""
INPUTS: Final = "hardway.internal/inputs"
"""Annotation of a pod: a digest of its ConfigMaps and Secrets."""
VOLUME: Final = "volume.hardway.internal"
"""Label of a pod that shares a volume: VOLUME/claim."""


def pod(service: Service, around: Around) -> tuple[Body, Pieces]:
    """A pod's template, and the objects and claims that it needs."""
    pieces = Pieces()
    add_environment(service, around, pieces)
    add_storage(service, around, pieces)
    add_grants(service, around, pieces)
    _tell_twice(service, around, pieces)
    labels = {**around.pod_labels(service.name), **{f"{VOLUME}/{claim}": "shared" for claim in pieces.shared}}
    meta: Body = {"labels": labels}
    if pieces.objects:
        meta["annotations"] = {INPUTS: pieces.digest(f"{around.names.namespace}/{service.name}")}
    return {"metadata": meta, "spec": _spec(service, around, pieces)}, pieces


def _tell_twice(service: Service, around: Around, pieces: Pieces) -> None:
    """Volumes, secrets and configs have one place each."""
    paths = [mount["mountPath"] for mount in pieces.mounts]
    for path in paths:
        if ":" in path:
            what = f"{path!r} has a colon, and Kubernetes mounts nothing there"
            around.telling.refuse(service.place, ("services", service.name), what, "a path without one")
    for path in sorted({one for one in paths if paths.count(one) > 1}):
        what = f"{path} is where more than one thing would be"
        around.telling.refuse(service.place, ("services", service.name), what, "give each a target of its own")


def _spec(service: Service, around: Around, pieces: Pieces) -> Body:
    """Variables of Kubernetes' own for each Service (DB_PORT=tcp://...) would be taken for the program's."""
    security = pod_security(service, around, keeps=bool(pieces.claims))
    hosts, dns = host_aliases(service, around), dns_config(service, around)
    return {
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _grace(service),
        "containers": [_container(service, around, pieces)],
        **({"hostname": label(service.hostname)} if service.hostname else {}),
        **({"securityContext": security} if security else {}),
        **({"hostAliases": hosts} if hosts else {}),
        **({"dnsConfig": dns} if dns else {}),
        **({"shareProcessNamespace": True} if service.init else {}),
        **({"volumes": pieces.volumes} if pieces.volumes else {}),
        **_beside(pieces),
        **_platform(service, around),
    }


def _container(service: Service, around: Around, pieces: Pieces) -> Body:
    security, resources = container_security(service, around), _resources(service, around)
    ports = sorted({(port.target, port.protocol) for port in service.ports} | set(service.expose))
    return {
        "name": around.names.services[service.name],
        "image": image_of(service, around),
        "imagePullPolicy": pull_policy(service, around),
        **_command(service),
        **({"workingDir": service.working_dir} if service.working_dir else {}),
        **({"env": pieces.env} if pieces.env else {}),
        **({"ports": [{"containerPort": port, "protocol": name.upper()} for port, name in ports]} if ports else {}),
        **({"volumeMounts": pieces.mounts} if pieces.mounts else {}),
        **({"resources": resources} if resources else {}),
        **({"securityContext": security} if security else {}),
        **({"tty": True} if service.tty else {}),
        **({"stdin": True} if service.stdin_open else {}),
        **probes(service.healthcheck),
    }


def _command(service: Service) -> Body:
    """An entrypoint that is empty leaves the command alone to run."""
    entrypoint = [literal(one) for one in service.entrypoint or ()]
    command = [literal(one) for one in service.command or ()]
    if service.entrypoint == () and command:
        return {"command": command}
    return {**({"command": entrypoint} if entrypoint else {}), **({"args": command} if command else {})}


def _grace(service: Service) -> int:
    if service.stop_grace_period is not None:
        return ceil(service.stop_grace_period)
    keeps = any(mount.source and database_at(mount.target, service.image) for mount in service.mounts)
    return DATABASE_GRACE if keeps or database_of(service.image) else GRACE


def _resources(service: Service, around: Around) -> Body:
    for key in ("cpu", "memory"):
        limit, reserved = getattr(service.limits, key), getattr(service.reservations, key)
        if limit and reserved and reserved > limit:
            path = ("services", service.name, "deploy", "resources")
            what = f"more {key} is reserved than the limit allows"
            around.telling.refuse(service.place_of("deploy", "resources"), path, what, "reserve no more than the limit")
    limits, requests = _quantities(service.limits), _quantities(service.reservations)
    return {**({"limits": limits} if limits else {}), **({"requests": requests} if requests else {})}


def _quantities(resources: Resources) -> Body:
    return {
        **({"cpu": f"{resources.cpu}m"} if resources.cpu else {}),
        **({"memory": str(resources.memory)} if resources.memory else {}),
    }


def _beside(pieces: Pieces) -> Body:
    """Pods that share a volume run on one machine: the first goes anywhere, the others where it is."""
    if not pieces.shared:
        return {}
    terms = [
        {"labelSelector": {"matchLabels": {f"{VOLUME}/{claim}": "shared"}}, "topologyKey": "kubernetes.io/hostname"}
        for claim in pieces.shared
    ]
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


def _platform(service: Service, around: Around) -> Body:
    system, _, architecture = service.platform.partition("/")
    if not service.platform:
        return {}
    if system != "linux":
        path = ("services", service.name, "platform")
        around.telling.cannot(
            service.place_of("platform"), path, f"the machines run Linux, not {system}", "linux/amd64"
        )
        return {}
    known = architecture.partition("/")[0]
    return {"nodeSelector": {"kubernetes.io/arch": known}} if known.isalnum() else {}
