"""Networks, subnets, routers, ports and floating addresses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hardway.openstack.resources.base import CloudObject
from hardway.resources.base import Attributes, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(CloudObject):
    """A network of the project, or one that is there already."""

    kind: ClassVar[str] = "network"
    removal: ClassVar[int] = 240

    def attributes(self, known: Known) -> Attributes:
        return {"exists": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet(CloudObject):
    """A network's addresses. DHCP is on, the gateway is the first address."""

    kind: ClassVar[str] = "subnet"
    removal: ClassVar[int] = 235
    network: str
    cidr: str
    dns_servers: tuple[str, ...] = ()
    """None: what the cloud tells by itself."""

    def attributes(self, known: Known) -> Attributes:
        servers = {"dns": " ".join(self.dns_servers)} if self.dns_servers else {}
        return {"cidr": self.cidr, **servers}

    def describe(self) -> str:
        return f"subnet {self.label}, {self.cidr} of network {self.network}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Router(CloudObject):
    """The way from the machines' network to the external one."""

    kind: ClassVar[str] = "router"
    removal: ClassVar[int] = 230
    external: str

    def attributes(self, known: Known) -> Attributes:
        return {"external": self.external}

    def describe(self) -> str:
        return f"router {self.label} to {self.external}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterInterface(CloudObject):
    """The router's leg in the subnet, at its gateway's address. Its label is the subnet's."""

    kind: ClassVar[str] = "router-interface"
    removal: ClassVar[int] = 215
    router: str

    def attributes(self, known: Known) -> Attributes:
        return {"router": self.router}

    def describe(self) -> str:
        return f"interface of router {self.router} in subnet {self.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port(CloudObject):
    """A server's port: its fixed address, its security groups, and the addresses that may stand behind it."""

    kind: ClassVar[str] = "port"
    removal: ClassVar[int] = 210
    network: str
    subnet: str
    address: str
    groups: tuple[str, ...]
    behind: tuple[str, ...] = ()
    """Allowed address pairs: a worker's pods are reached through it without their addresses being the port's own, and
    anti-spoofing would drop their packets."""

    def attributes(self, known: Known) -> Attributes:
        return {
            "address": self.address,
            "groups": " ".join(sorted(self.groups)),
            "behind": " ".join(sorted(self.behind)) or "nothing",
        }

    def describe(self) -> str:
        return f"port {self.label} at {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingAddress(CloudObject):
    """An address of the external network that leads to a port. Attribute for references: `address`.

    Its label is whose it is: a machine's name, the API's.
    """

    kind: ClassVar[str] = "floating-address"
    removal: ClassVar[int] = 160
    external: str
    target: str
    """The id of the port's, server's or load balancer's resource."""
    address: str | None = None
    """None: the cloud picks."""

    def attributes(self, known: Known) -> Attributes:
        chosen = {"address": self.address} if self.address else {}
        return {"target": self.target, **chosen}

    def describe(self) -> str:
        return f"floating address {self.address or '(the cloud picks)'} of {self.label}"
