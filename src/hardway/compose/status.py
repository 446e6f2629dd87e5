"""What runs of a project: its services, their pods, and where published ports answer. Reads the API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hardway.compose.cluster import client_of
from hardway.compose.converting.names import SERVICE
from hardway.compose.resources import ownership
from hardway.kube.api import Body
from hardway.kube.conditions import pod_trouble
from hardway.operations.access import kubeconfig_path
from hardway.operations.world import World

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job"))


@dataclass(frozen=True, slots=True)
class Running:
    """A service as it is now."""

    service: str
    """Its name on the cluster."""
    kind: str
    image: str
    ready: int
    wanted: int
    restarts: int
    machines: tuple[str, ...]
    ports: tuple[str, ...]
    """80 at :31234, of every machine."""
    trouble: str
    """What its pods say where they do not run."""


async def ps(world: World, project: str, namespace: str) -> Sequence[Running]:
    """Raises Refused where there is no cluster, ApiUnavailable, ApiError."""
    selector = ownership(project, namespace).selector
    async with client_of(kubeconfig_path(world)) as client:
        listings = (client.list(version, kind, namespace, labels=selector) for version, kind in WORKLOADS)
        pods, services, *workloads = await asyncio.gather(
            client.list("v1", "Pod", namespace, labels=selector),
            client.list("v1", "Service", namespace, labels=selector),
            *listings,
        )
    found = [body for bodies in workloads for body in bodies]
    return [_running(body, pods, services) for body in sorted(found, key=_service)]


def _service(body: Body) -> str:
    return str(body["metadata"].get("labels", {}).get(SERVICE, body["metadata"]["name"]))


def _running(body: Body, pods: Sequence[Body], services: Sequence[Body]) -> Running:
    name, status = _service(body), body.get("status", {})
    own = [pod for pod in pods if _service(pod) == name]
    counts = [one for pod in own for one in pod.get("status", {}).get("containerStatuses") or ()]
    machines = sorted({pod["spec"]["nodeName"] for pod in own if pod["spec"].get("nodeName")})
    return Running(
        service=name,
        kind=body["kind"],
        image=body["spec"]["template"]["spec"]["containers"][0]["image"],
        ready=int(status.get("readyReplicas") or status.get("numberReady") or status.get("succeeded") or 0),
        wanted=_wanted(body),
        restarts=sum(int(one.get("restartCount", 0)) for one in counts),
        machines=tuple(machines),
        ports=tuple(_ports(name, services)),
        trouble=pod_trouble(own),
    )


def _wanted(body: Body) -> int:
    spec: Mapping[str, int] = body["spec"]
    if body["kind"] == "DaemonSet":
        return int(body.get("status", {}).get("desiredNumberScheduled", 0))
    return int(spec.get("replicas", spec.get("completions", 1)))


def _ports(name: str, services: Sequence[Body]) -> Iterator[str]:
    for service in services:
        if _service(service) != name or service["spec"].get("type") != "NodePort":
            continue
        for port in service["spec"].get("ports") or ():
            suffix = "" if port["protocol"] == "TCP" else f"/{port['protocol'].lower()}"
            yield f"{port['port']}{suffix} at :{port['nodePort']}"
