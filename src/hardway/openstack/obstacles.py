"""What keeps a plan from being carried out, told all at once before anything is touched: quotas, what must be there.

Quotas are compared with what the plan makes: the API refuses only the first that is short, halfway through.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import NOT_OURS
from hardway.openstack.resources.balancer import LoadBalancer
from hardway.openstack.resources.compute import ExistingServer, Server
from hardway.openstack.resources.network import FloatingAddress, Port
from hardway.openstack.site import Site
from hardway.plan.steps import Action, Plan, Step

NETWORK_QUOTAS: Final = {
    "network": "network",
    "subnet": "subnet",
    "router": "router",
    "port": "port",
    "floatingip": "floating-address",
    "security_group": "security-group",
    "security_group_rule": "security-rule",
}
"""Neutron's names of quotas, and the kinds of resources that they count."""
BALANCER_QUOTAS: Final = {
    "load_balancer": "load-balancer",
    "listener": "listener",
    "pool": "pool",
    "member": "member",
    "health_monitor": "health-monitor",
}


async def obstacles(site: Site, plan: Plan) -> Sequence[str]:
    """All of them, one sentence each. Raises CloudFault where the cloud cannot be asked."""
    made = [step for step in plan.steps if step.action is Action.CREATE]
    counts = Counter(step.resource.kind for step in made)
    found = list(_things(site, plan, made))
    if made:
        looks = (_compute(site, made, counts), _network(site, counts), _balancing(site, counts), _names(site, counts))
        found += [line for part in await asyncio.gather(*looks) for line in part]
    return found


def _things(site: Site, plan: Plan, made: Sequence[Step]) -> Iterator[str]:
    section, estate = site.cluster.openstack, site.estate
    if any(isinstance(step.resource, Server) for step in made):
        if len(estate.images) != 1:
            how = f"{len(estate.images)} images are called {section.image}: name one by its id" if estate.images else ""
            yield f"openstack.image: {how or f'there is no image {section.image} that this project may use'}"
        if not any(section.flavor in (one["name"], one["id"]) for one in estate.flavors):
            there = ", ".join(sorted(str(one["name"]) for one in estate.flavors)) or "none"
            yield f"openstack.flavor: there is no flavor {section.flavor}; there are: {there}"
        if section.key_pair and section.key_pair not in estate.of("key-pair"):
            yield f"openstack.keyPair: there is no key pair {section.key_pair}"
    if any(step.resource.kind in ("router", "floating-address") for step in made):
        try:
            site.external()
        except CloudFault as fault:
            yield f"openstack.externalNetwork: {fault.what}; {fault.evidence}"
    if any(step.resource.kind == LoadBalancer.kind for step in made) and site.balancing not in site.cloud.services:
        yield f"balancer.kind: the catalog has no service {site.balancing}; use external, or another cloud"
    yield from _taken_addresses(site, made)
    for step in plan.steps:
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[str]:
    """Steps that can only fail."""
    resource = step.resource
    if isinstance(resource, ExistingServer) and step.action is Action.CREATE:
        yield f"{resource.machine}: there is no server of that name in the project (openstack.servers: existing)"
    if step.action is not Action.CHANGE:
        return
    what = "; ".join(f"{one.attribute} is {one.before}, shall be {one.after}" for one in step.differences)
    if isinstance(resource, ExistingServer):
        yield f"{resource.machine}: {what}; the server is yours to put right"
    elif isinstance(resource, Server) and any(one.attribute != "running" for one in step.differences):
        yield f"{resource.machine}: {what}; a server keeps what it was made with: put the spec back, or remake it"
    elif resource.kind in _FOUND and not step.seen.owned and not _is_free(step):
        yield f"{resource.describe()}: {NOT_OURS} ({what})"


def _is_free(step: Step) -> bool:
    """A floating address that leads nowhere may be taken into use."""
    return isinstance(step.resource, FloatingAddress) and step.seen.attributes.get("target") == "nothing"


_FOUND: Final = frozenset(
    {"network", "subnet", "router", "router-interface", "floating-address", "load-balancer", "zone", "record"}
)
"""Kinds that may be there already."""


def _taken_addresses(site: Site, made: Sequence[Step]) -> Iterator[str]:
    """Fixed addresses that another port has, in a network that was there before."""
    wanted = {step.resource.address: step.resource.label for step in made if isinstance(step.resource, Port)}
    vips = {step.resource.vip: step.resource.label for step in made if isinstance(step.resource, LoadBalancer)}
    subnet = site.subnet()
    for port in site.estate.of("port").values() if subnet else ():
        for ip in port["fixed_ips"]:
            whose = {**wanted, **vips}.get(ip["ip_address"])
            if whose and subnet and ip["subnet_id"] == subnet["id"]:
                yield f"{whose}: {ip['ip_address']} is taken by port {port['name'] or port['id']}, which is not ours"


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of a project."""

    what: str
    limit: int
    """Negative: none."""
    used: int

    def short_by(self, more: int) -> int:
        return 0 if self.limit < 0 else self.used + more - self.limit

    def told(self, more: int) -> Iterator[str]:
        if more and self.short_by(more) > 0:
            yield (
                f"quota of {self.what}: {more} more are needed, {self.used} of {self.limit} are used: "
                f"short by {self.short_by(more)}"
            )


async def _compute(site: Site, made: Sequence[Step], counts: Mapping[str, int]) -> Sequence[str]:
    servers = sum(isinstance(step.resource, Server) for step in made)
    if not servers and not counts.get("server-group") and not counts.get("key-pair"):
        return ()
    limits = (await site.cloud.get("compute", "/limits"))["limits"]["absolute"]
    name = site.cluster.openstack.flavor
    flavor: Body = next((one for one in site.estate.flavors if name in (one["name"], one["id"])), {})
    needed = (
        (Quota("instances", limits["maxTotalInstances"], limits["totalInstancesUsed"]), servers),
        (Quota("cores", limits["maxTotalCores"], limits["totalCoresUsed"]), servers * int(flavor.get("vcpus", 0))),
        (Quota("memory (MB)", limits["maxTotalRAMSize"], limits["totalRAMUsed"]), servers * int(flavor.get("ram", 0))),
        (Quota("key pairs", limits["maxTotalKeypairs"], len(site.estate.of("key-pair"))), counts.get("key-pair", 0)),
        (
            Quota("server groups", limits["maxServerGroups"], limits.get("totalServerGroupsUsed", 0)),
            counts.get("server-group", 0),
        ),
    )
    return [line for quota, more in needed for line in quota.told(more)]


async def _network(site: Site, counts: Mapping[str, int]) -> Sequence[str]:
    if not any(counts.get(kind) for kind in NETWORK_QUOTAS.values()):
        return ()
    try:
        details = (await site.cloud.get("network", f"/quotas/{site.cloud.project}/details.json"))["quota"]
    except CloudFault as fault:
        if fault.status in (403, 404):  # clouds that do not tell: the API will
            return ()
        raise
    found: list[str] = []
    for name, kind in NETWORK_QUOTAS.items():
        # the VIP's and the router's ports are the cloud's own to make, and count as well
        more = counts.get(kind, 0) + (counts.get("load-balancer", 0) + counts.get("router-interface", 0)) * (
            name == "port"
        )
        one: Mapping[str, Any] = details.get(name) or {"limit": -1, "used": 0}
        used = int(one["used"]) + int(one.get("reserved") or 0)
        found += Quota(name.replace("_", " ") + "s", int(one["limit"]), used).told(more)
    return found


async def _balancing(site: Site, counts: Mapping[str, int]) -> Sequence[str]:
    """Octavia's quotas; LBaaS v2's are among Neutron's and are left to it."""
    if site.balancing != "load-balancer" or not any(counts.get(kind) for kind in BALANCER_QUOTAS.values()):
        return ()
    if site.balancing not in site.cloud.services:
        return ()
    quota = (await site.cloud.get("load-balancer", f"/lbaas/quotas/{site.cloud.project}"))["quota"]
    used = {
        "load_balancer": len(await _listed(site, "loadbalancers")),
        "listener": len(await _listed(site, "listeners")),
        "pool": len(await _listed(site, "pools")),
        "health_monitor": len(await _listed(site, "healthmonitors")),
    }
    found: list[str] = []
    for name, kind in BALANCER_QUOTAS.items():
        limit = quota.get(name, quota.get(name.replace("_", "")))
        one = Quota(name.replace("_", " ") + "s", -1 if limit is None else int(limit), used.get(name, 0))
        found += one.told(counts.get(kind, 0))
    return found


async def _listed(site: Site, kind: str) -> Sequence[Body]:
    return await site.cloud.list("load-balancer", f"/lbaas/{kind}", kind, project_id=site.cloud.project)


async def _names(site: Site, counts: Mapping[str, int]) -> Sequence[str]:
    if "dns" not in site.cloud.services or not counts.get("zone"):
        return ()
    try:
        limits = await site.cloud.get("dns", "/limits")
    except CloudFault:
        return ()  # optional in Designate's API
    zones = await site.cloud.list("dns", "/zones", "zones")
    return list(Quota("zones", int(limits.get("max_zones", -1)), len(zones)).told(counts["zone"]))
