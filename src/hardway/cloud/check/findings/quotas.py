"""Whether the project has room for the article's cluster: three masters, three workers, a balancer, a zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hardway.cloud.check.report import Finding, Standing
from hardway.cloud.check.rest import asked
from hardway.cloud.check.said import said

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud

SERVERS: Final = 6
NEEDS: Final[Mapping[str, Mapping[str, int]]] = {
    "Nova": {
        "instances": SERVERS,
        "cores": 2 * SERVERS,
        "MiB of memory": 4096 * SERVERS,
        "key pairs": 1,
        "server groups": 1,
        "members of a server group": 3,
    },
    "Neutron": {
        "networks": 1,
        "subnets": 1,
        "routers": 1,
        "ports": SERVERS + 3,  # the router's foot, the virtual address, DHCP's
        "floating addresses": SERVERS + 1,
        "security groups": 3,
        "security group rules": 30,
    },
    "Octavia": {"load balancers": 1, "listeners": 1, "pools": 1, "members": 3, "health monitors": 1},
    "Designate": {"zones": 1, "record sets of a zone": SERVERS + 1},
}
"""Of each service, what the article's cluster takes."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a project may have, and has. A limit below zero is none."""

    limit: int
    used: int = 0

    @property
    def free(self) -> int | None:
        """None where there is no limit."""
        return None if self.limit < 0 else max(self.limit - self.used, 0)


Quotas = Mapping[str, Quota]


def about(service: str) -> str:
    return f"{service}: room for the article's cluster"


def room(service: str, needs: Mapping[str, int], quotas: Quotas) -> Finding:
    """All that is short at once. Pure."""
    short = [
        f"{name}: {quota.free} of {quota.limit} left, {need} needed"
        for name, need in needs.items()
        if (quota := quotas.get(name)) and quota.free is not None and quota.free < need
    ]
    if short:
        return Finding(about(service), Standing.AMISS, "; ".join(short), "Ask for a greater quota, or free some.")
    return Finding(about(service), Standing.FINE, "enough")


def quota_findings(cloud: Cloud) -> list[Finding]:
    """Of each service that is there."""
    return [_finding(service, partial(read, cloud)) for service, (kind, read) in _READ.items() if cloud.has(kind)]


def _finding(service: str, read: Callable[[], Quotas]) -> Finding:
    try:
        return room(service, NEEDS[service], read())
    except Exception as error:
        # whatever a cloud answers: quotas that cannot be read are not known
        return Finding(about(service), Standing.NOT_KNOWN, said(error))


def _of_nova(cloud: Cloud) -> Quotas:
    told = asked(cloud.api.compute.get("/limits"))["limits"]["absolute"]
    return {
        "instances": Quota(told["maxTotalInstances"], told["totalInstancesUsed"]),
        "cores": Quota(told["maxTotalCores"], told["totalCoresUsed"]),
        "MiB of memory": Quota(told["maxTotalRAMSize"], told["totalRAMUsed"]),
        "key pairs": Quota(told["maxTotalKeypairs"], _count(cloud.api.compute.keypairs())),
        "server groups": Quota(told["maxServerGroups"], told["totalServerGroupsUsed"]),
        "members of a server group": Quota(told["maxServerGroupMembers"]),
    }


_OF_NEUTRON: Final = {
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "ports": "port",
    "floating addresses": "floatingip",
    "security groups": "security_group",
    "security group rules": "security_group_rule",
}


def _of_neutron(cloud: Cloud) -> Quotas:
    """With what is used (extension quota_details), which a project's members may read."""
    told = asked(cloud.api.network.get(f"/quotas/{cloud.project}/details.json"))["quota"]
    return {name: Quota(told[key]["limit"], told[key]["used"]) for name, key in _OF_NEUTRON.items() if key in told}


def _of_octavia(cloud: Cloud) -> Quotas:
    api = cloud.api.load_balancer
    told: Any = api.get_quota(cloud.project)
    return {
        "load balancers": Quota(_limit(told.load_balancers), _count(api.load_balancers(project_id=cloud.project))),
        "listeners": Quota(_limit(told.listeners), _count(api.listeners(project_id=cloud.project))),
        "pools": Quota(_limit(told.pools), _count(api.pools(project_id=cloud.project))),
        "members": Quota(_limit(told.members)),
        "health monitors": Quota(_limit(told.health_monitors), _count(api.health_monitors(project_id=cloud.project))),
    }


def _of_designate(cloud: Cloud) -> Quotas:
    told = asked(cloud.api.dns.get(f"/quotas/{cloud.project}"))
    zones = Quota(_limit(told.get("zones")), _count(cloud.api.dns.zones()))
    return {"zones": zones, "record sets of a zone": Quota(_limit(told.get("zone_recordsets")))}


def _limit(told: int | None) -> int:
    return -1 if told is None else told


def _count(objects: Any) -> int:
    return sum(1 for _ in objects)


_READ: Final[Mapping[str, tuple[str, Callable[[Cloud], Quotas]]]] = {
    "Nova": ("compute", _of_nova),
    "Neutron": ("network", _of_neutron),
    "Octavia": ("load-balancer", _of_octavia),
    "Designate": ("dns", _of_designate),
}
