"""A load balancer and its parts, as Octavia and LBaaS v2 have them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from hardway.openstack.resources.base import CloudObject, object_id
from hardway.resources.base import UNKNOWN, Attributes, Chapter, Known, Ref, Unknown

PROVIDER: Final = "provider"
"""The attribute of a load balancer that says who carries it out."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a provider of load balancers can do."""

    algorithm: str = "ROUND_ROBIN"
    monitor: str = "HTTPS"
    groups_on_vip: bool = True
    """Whether the VIP's port heeds security groups."""


ABILITIES: Final = {"ovn": Abilities(algorithm="SOURCE_IP_PORT", monitor="TCP", groups_on_vip=False)}
"""Of providers that cannot do all (ovn: docs.openstack.org/ovn-octavia-provider, "Limitations")."""


def abilities(provider: str) -> Abilities:
    """What a provider can do; unknown ones are taken to do all."""
    return ABILITIES.get(provider, Abilities())


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerPart(CloudObject):
    """A load balancer or a part of one."""

    chapter: Chapter = Chapter.BALANCER
    balancer: str
    """The load balancer's own name."""

    def abilities(self, known: Known) -> Abilities | None:
        """What its provider can do; None while nobody knows who that will be."""
        value = known(Ref(object_id(LoadBalancer.kind, self.balancer), PROVIDER))
        return None if isinstance(value, Unknown) else abilities(value.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(BalancerPart):
    """A load balancer, active. Attributes for references: `id`, `provider`."""

    kind: ClassVar[str] = "load-balancer"
    removal: ClassVar[int] = 174
    subnet: str
    vip: str
    groups: tuple[str, ...]
    """Security groups of the VIP's port, beside such as the cloud gives it."""
    provider: str | None = None
    """None: the cloud's own choice."""

    def attributes(self, known: Known) -> Attributes:
        provider = {PROVIDER: self.provider} if self.provider else {}
        return {"vip": self.vip, "status": "ACTIVE", "groups": " ".join(self.groups), **provider}

    def describe(self) -> str:
        return f"load balancer {self.label} at {self.vip}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(BalancerPart):
    """The port that a load balancer listens at, for TCP: it never sees inside of TLS."""

    kind: ClassVar[str] = "listener"
    removal: ClassVar[int] = 173
    port: int

    def attributes(self, known: Known) -> Attributes:
        return {"protocol": "TCP", "port": str(self.port)}

    def describe(self) -> str:
        return f"listener of {self.balancer}, TCP {self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(BalancerPart):
    """Those who share the connections."""

    kind: ClassVar[str] = "pool"
    removal: ClassVar[int] = 172
    listener: str

    def attributes(self, known: Known) -> Attributes:
        able = self.abilities(known)
        return {"protocol": "TCP", "algorithm": able.algorithm if able else UNKNOWN}

    def describe(self) -> str:
        return f"pool of {self.balancer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(BalancerPart):
    """One who shares the connections. Its label is the machine's name."""

    kind: ClassVar[str] = "member"
    removal: ClassVar[int] = 171
    pool: str
    subnet: str
    address: str
    port: int

    def attributes(self, known: Known) -> Attributes:
        return {"address": self.address, "port": str(self.port)}

    def describe(self) -> str:
        return f"member of {self.balancer}: {self.label}, {self.address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthMonitor(BalancerPart):
    """Who asks the members whether they can: HTTPS at a path where the provider can, else whether TCP connects."""

    kind: ClassVar[str] = "health-monitor"
    removal: ClassVar[int] = 170
    pool: str
    path: str
    delay: int = 2
    """Seconds between two questions."""
    timeout: int = 1
    """Seconds for an answer."""
    retries: int = 2
    """So many answers, or failures, turn a member's state."""
    tells_failures: bool = True
    """Whether the API takes the number of failures by itself (Octavia: else it is three); LBaaS v2 does not."""

    def attributes(self, known: Known) -> Attributes:
        able = self.abilities(known)
        times = {"delay": str(self.delay), "timeout": str(self.timeout), "retries": str(self.retries)}
        if able is None:
            return {"type": UNKNOWN, "path": UNKNOWN, **times}
        failures = {"failures": str(self.retries)} if self.tells_failures else {}
        path = self.path if able.monitor == "HTTPS" else "none"
        return {"type": able.monitor, "path": path, **times, **failures}

    def describe(self) -> str:
        return f"health monitor of {self.balancer}: HTTPS {self.path} where the provider can, else TCP"
