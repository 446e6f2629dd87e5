"""Where machines come from: the interface that a provider (the lab, a cloud, plain hosts) fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Protocol

from hardway.components.facts import Facts
from hardway.engine.handler import Handler
from hardway.plan.steps import Plan
from hardway.resources.base import Content, Ref, Resource
from hardway.spec.model import Cluster


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to reach a machine by SSH."""

    machine: str
    host: str
    port: int
    user: str
    client_key: Path
    """The private key to authenticate with."""
    host_key: str
    """The machine's public key in known_hosts form ("ssh-ed25519 AAAA..."), known before the first connection."""
    connect: Callable[[], Awaitable[socket]] | None = None
    """Makes the connected TCP socket, where the machine is not reached from this computer's own network."""
    blobs: str | None = None
    """Where on the machine the operator's blob cache is mounted read-only, if it is."""
    jump: Endpoint | None = None
    """The machine through which this one is reached (`ssh -J`), where there is no other way."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What a provider may know of the operator's side."""

    cluster_id: str = ""
    """Marks what this cluster made; empty while there is no cluster."""
    folder: Path = Path()
    """The state directory, for the keys that are files."""
    value: Callable[[Ref], bytes | None] = lambda ref: None
    """What the vault holds."""


class Provider(Protocol):
    """Makes or finds machines."""

    kind: str

    def survey(self, cluster: Cluster) -> Awaitable[None]:
        """Look at what everything below is told from; called before each look at the world. Raises the provider's own
        faults: for a wrong password, an API that does not answer."""
        ...

    def cautions(self, cluster: Cluster) -> Awaitable[Sequence[str]]:
        """What will be otherwise than the spec may let one think, one sentence each, beginning with the field."""
        ...

    def obstacles(self, cluster: Cluster, plan: Plan) -> Awaitable[Sequence[str]]:
        """All that keeps a plan from being carried out (quotas, an image that is not there), known beforehand."""
        ...

    def wanted(self, cluster: Cluster) -> Sequence[Resource]:
        """The machines and what belongs to them (network, forward), as resources; a machine's id is machine:NAME:NAME
        (kind "machine", on "machine" NAME). Pure."""
        ...

    def handlers(self, cluster: Cluster) -> Sequence[Handler]:
        """Handlers for the kinds that `wanted` uses."""
        ...

    def endpoint(self, cluster: Cluster, machine: str) -> Awaitable[Endpoint | None]:
        """How to reach the machine; None while it does not exist."""
        ...

    def expected_facts(self, cluster: Cluster) -> Facts | None:
        """What its machines will be before they are made; None where only looking tells. Pure but for this computer."""
        ...

    def value(self, ref: Ref) -> bytes | None:
        """What a reference to one of its resources stands for (a forward's `url`); None for what is not there."""
        ...

    def api_proxy(self, cluster: Cluster) -> str | None:
        """The SOCKS proxy (socks5://host:port) through which the operator's computer reaches the API, if it must."""
        ...

    def api_url(self, cluster: Cluster) -> Content:
        """The URL at which the operator's computer reaches the API (through a loopback port, for the lab)."""
        ...
