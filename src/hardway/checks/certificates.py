"""Certificates on the wire: what every TLS port really shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from hardway.checks import wire
from hardway.checks.check import Finding, Wrong, check, count, judged, troubles
from hardway.checks.scene import Scene
from hardway.components import controller_manager, etcd, scheduler
from hardway.pki import names
from hardway.pki.names import on
from hardway.pki.read import describe, expiry
from hardway.resources.base import Chapter, Unknown
from hardway.resources.operator import Certificate
from hardway.spec.addresses import registry_writes_port
from hardway.spec.model import Cluster

KUBELET_PORT = 10250
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A TLS port, and the certificate that it should show."""

    machine: str
    host: str
    port: int
    certificate: str

    @property
    def label(self) -> str:
        return f"{self.machine}:{self.port}"


def ports(cluster: Cluster) -> Iterator[Port]:
    """Every port of the cluster that speaks TLS. Pure."""
    for one in cluster.masters:
        address = str(one.address)
        yield Port(one.name, address, etcd.CLIENT_PORT, on(names.ETCD_SERVER, one.name))
        yield Port(one.name, address, etcd.PEER_PORT, on(names.ETCD_PEER, one.name))
        yield Port(one.name, address, cluster.api.port, on(names.API_SERVER, one.name))
        yield Port(one.name, LOOPBACK, controller_manager.PORT, on(names.CONTROLLER_MANAGER_SERVING, one.name))
        yield Port(one.name, LOOPBACK, scheduler.PORT, on(names.SCHEDULER_SERVING, one.name))
    for one in cluster.workers:
        yield Port(one.name, str(one.address), KUBELET_PORT, on(names.KUBELET_SERVING, one.name))
    registry = cluster.registry_machine
    if registry is not None:
        certificate = on(names.REGISTRY, registry.name)
        yield Port(registry.name, str(registry.address), cluster.registry.port, certificate)
        yield Port(registry.name, LOOPBACK, registry_writes_port(cluster), certificate)


@check(
    "certificates",
    "every TLS port shows a certificate of its own authority, with exactly the names it should have, and in its time",
    Chapter.CERTIFICATES,
    after=("machines",),
)
async def certificates(scene: Scene) -> Finding:
    every = list(ports(scene.cluster))
    shown: dict[str, bytes] = {}

    async def look(port: Port) -> None:
        async with scene.port(port.machine, port.host, port.port) as socket:
            shown[port.label] = await wire.serving_certificate(socket, port.host)
        _compare(scene, port, shown[port.label])

    found = await troubles({port.label: look(port) for port in every})
    return judged(found, f"{count(len(every), 'port')}; {_soonest(shown, scene.subject.now)}")


def _compare(scene: Scene, port: Port, pem: bytes) -> None:
    subject = scene.subject
    wanted = next(one for one in subject.wanted if isinstance(one, Certificate) and one.certificate == port.certificate)
    authority = subject.value(names.certificate(wanted.authority))
    wrong = differences(wanted.attributes(subject.value), describe(pem, subject.now, authority))
    if wrong:
        raise Wrong(", ".join(wrong))


def differences(wanted: Mapping[str, str | Unknown], seen: Mapping[str, str]) -> list[str]:
    """What is wrong with a certificate. One that `up` would soon renew still serves: that is no fault. Pure."""
    wrong = [
        f"its {name} is {seen.get(name)}, not {wanted[name]}"
        for name in wanted
        if name != "life" and seen.get(name) != wanted[name]
    ]
    life = seen.get("life", "")
    return [*wrong, life] if life.startswith(("expired", "not valid")) else wrong


def _soonest(shown: Mapping[str, bytes], now: datetime) -> str:
    ends = [(end, label) for label, pem in shown.items() if (end := expiry(pem)) is not None]
    if not ends:
        return "none was shown"
    end, label = min(ends)
    return f"the first to end is {label} in {count((end - now).days, 'day')}"
