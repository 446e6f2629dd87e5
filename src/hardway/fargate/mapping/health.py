"""Probes: by exec as a container's health check, by HTTP and TCP as what the agent does itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hardway.fargate.mapping import pods
from hardway.kube.api import Body

READINESS: Final = "readinessProbe"
LIVENESS: Final = "livenessProbe"
STARTUP: Final = "startupProbe"


@dataclass(frozen=True, slots=True)
class NetworkProbe:
    """A probe that the agent makes over the network."""

    container: str
    kind: str
    scheme: str
    """http, https or tcp."""
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]
    delay: float
    period: float
    timeout: float
    """Seconds."""
    failures: int
    successes: int


def network_probes(pod: Body) -> tuple[NetworkProbe, ...]:
    return tuple(_network_probes(pod))


def _network_probes(pod: Body) -> Iterator[NetworkProbe]:
    for container in pods.containers(pod):
        for kind in (READINESS, LIVENESS):
            probe = container.get(kind) or {}
            if "httpGet" in probe or "tcpSocket" in probe:
                yield _network_probe(container, kind, probe)


def _network_probe(container: Body, kind: str, probe: Body) -> NetworkProbe:
    get = probe.get("httpGet") or {}
    target = get or probe["tcpSocket"]
    return NetworkProbe(
        container=container["name"],
        kind=kind,
        scheme=str(get.get("scheme") or "HTTP").lower() if get else "tcp",
        port=_port(container, target["port"]),
        path=get.get("path") or "/",
        headers=tuple((one["name"], one["value"]) for one in get.get("httpHeaders") or ()),
        delay=float(probe.get("initialDelaySeconds") or 0),
        period=float(probe.get("periodSeconds") or 10),
        timeout=float(probe.get("timeoutSeconds") or 1),
        failures=int(probe.get("failureThreshold") or 3),
        successes=int(probe.get("successThreshold") or 1),
    )


def _port(container: Body, port: int | str) -> int:
    """A port by number, or by its name; 0, which nothing answers at, for an unknown name."""
    if isinstance(port, int):
        return port
    named = {one.get("name"): one["containerPort"] for one in container.get("ports") or ()}
    return int(named.get(port, 0))


def exec_probe(container: Body, *kinds: str) -> Body | None:
    """The first of these probes that runs a command."""
    return next((container[kind] for kind in kinds if (container.get(kind) or {}).get("exec")), None)


def health_check(container: Body) -> dict[str, Any] | None:
    """The container's health check: interval 5-300 s, timeout 2-60 s, 1-10 retries, start period 0-300 s (ECS API
    reference, HealthCheck)."""
    probe = exec_probe(container, LIVENESS, READINESS, STARTUP)
    if probe is None:
        return None
    startup = exec_probe(container, STARTUP)
    start = int(probe.get("initialDelaySeconds") or 0)
    if startup is not None:
        start += int(startup.get("periodSeconds") or 10) * int(startup.get("failureThreshold") or 3)
    return {
        "command": ["CMD", *probe["exec"]["command"]],
        "interval": _within(int(probe.get("periodSeconds") or 10), 5, 300),
        "timeout": _within(int(probe.get("timeoutSeconds") or 1), 2, 60),
        "retries": _within(int(probe.get("failureThreshold") or 3), 1, 10),
        "startPeriod": _within(start, 0, 300),
    }


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(most, value))
