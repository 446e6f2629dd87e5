"""What a pod asks for that no task on Fargate can give: every offender at once, a line each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.sizes import SIZES, smallest
from hardway.fargate.mapping.volumes import volume_refusals
from hardway.kube.api import Body

_HOST_FIELDS: Final = ("hostNetwork", "hostPID", "hostIPC")
_PROBES: Final = ("readinessProbe", "livenessProbe", "startupProbe")


def refusals(pod: Body) -> tuple[str, ...]:
    """Why the pod cannot run here, empty where it can."""
    return tuple(dict.fromkeys(_refusals(pod)))


def _refusals(pod: Body) -> Iterator[str]:
    yield from (f"{field} is set" for field in _HOST_FIELDS if pod["spec"].get(field))
    yield from volume_refusals(pod)
    for container in pods.all_containers(pod):
        yield from (f"container {container['name']}: {what}" for what in _of_container(container))
    for container in pods.init_containers(pod):
        if container.get("restartPolicy") == "Always":
            yield f"init container {container['name']}: a sidecar (restartPolicy Always)"
        if any(container.get(probe) for probe in _PROBES):
            yield f"init container {container['name']}: probes"
    if len(pods.containers(pod)) > 1 and pods.restart_policy(pod) != "Always":
        yield "several containers with a restartPolicy other than Always: a task ends all when one ends"
    yield from _of_size(pod)


def _of_container(container: Body) -> Iterator[str]:
    security = container.get("securityContext") or {}
    if security.get("privileged"):
        yield "privileged"
    added = (security.get("capabilities") or {}).get("add") or ()
    if set(added) - {"SYS_PTRACE"}:
        yield f"capabilities {', '.join(sorted(set(added) - {'SYS_PTRACE'}))} (Fargate adds SYS_PTRACE alone)"
    if container.get("volumeDevices"):
        yield "block devices"
    if container.get("lifecycle"):
        yield "lifecycle hooks"
    if container.get("tty") or container.get("stdin"):
        yield "stdin and tty"
    yield from (
        f"hostPort {port['hostPort']}"
        for port in container.get("ports") or ()
        if port.get("hostPort") not in (None, port["containerPort"])
    )
    yield from _of_probes(container)


def _of_probes(container: Body) -> Iterator[str]:
    given = {probe: container[probe] for probe in _PROBES if container.get(probe)}
    yield from (f"{probe} by gRPC" for probe, value in given.items() if value.get("grpc"))
    commands = {tuple(value["exec"]["command"]) for value in given.values() if value.get("exec")}
    if len(commands) > 1:
        yield "exec probes with different commands: a container has one health check"
    startup = given.get("startupProbe")
    if startup and not startup.get("exec") and not startup.get("grpc"):
        yield "startupProbe other than by exec: give the others an initialDelaySeconds"


def need(pod: Body) -> tuple[int, int]:
    """CPU units and MiB: the sum of the containers, or the largest init container, whichever is more."""
    own, init = pods.containers(pod), pods.init_containers(pod)
    cpu = max(sum(map(_cpu, own)), max(map(_cpu, init), default=0))
    memory = max(sum(map(_memory, own)), max(map(_memory, init), default=0))
    return cpu, memory


def _cpu(container: Body) -> int:
    return pods.cpu_units(container, "limits") or pods.cpu_units(container, "requests")


def _memory(container: Body) -> int:
    return pods.memory_mib(container, "limits") or pods.memory_mib(container, "requests")


def _of_size(pod: Body) -> Iterator[str]:
    cpu, memory = need(pod)
    if smallest(cpu, memory) is None:
        largest = max(SIZES)
        most = f"{largest // 1024} CPUs and {SIZES[largest][-1]} MiB"
        yield f"{cpu / 1024:g} CPUs with {memory} MiB: the largest task has {most}"
