"""What there is in the project, as last looked at: one request a kind, all at once; and what steps have made since.

Only things of the project itself, shared networks and the external one are in it, also where an administrator asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hardway.openstack.cloud import Body, Cloud
from hardway.openstack.faults import CloudFault
from hardway.openstack.naming import Names
from hardway.spec.model import LBAASV2, Cluster

Things = dict[str, Body]
"""By id."""


@dataclass
class Estate:
    """The project's things, by kind of resource."""

    things: dict[str, Things] = field(default_factory=dict)
    images: Sequence[Body] = ()
    flavors: Sequence[Body] = ()
    made: dict[str, Body] = field(default_factory=dict)
    """By id of a resource, what is in its place: found by the handlers, or made by their steps."""

    def of(self, kind: str) -> Things:
        """All of a kind, changeable."""
        return self.things.setdefault(kind, {})

    def named(self, kind: str, name: str) -> Sequence[Body]:
        """Those of a kind that bear a name, or have it as their id."""
        return [one for one in self.of(kind).values() if name in (one.get("name"), one.get("id"))]


async def take_estate(cloud: Cloud, cluster: Cluster) -> Estate:
    """Look at everything at once. Raises CloudFault."""
    looks = [_networking(cloud), _computing(cloud)]
    balancing = balancing_service(cluster)
    if balancing in cloud.services:
        looks.append(_balancing(cloud, balancing, cluster))
    if "dns" in cloud.services:
        looks.append(_naming(cloud, f"{cluster.domain}."))
    estate = Estate()
    for part in await asyncio.gather(*looks):
        estate.things.update(part)
    estate.images, estate.flavors = await asyncio.gather(
        _named(cloud, "image", "/images", "images", cluster.openstack.image),
        cloud.list("compute", "/flavors/detail", "flavors"),
    )
    return estate


def balancing_service(cluster: Cluster) -> str:
    """The type of the service that has load balancers."""
    return "network" if cluster.balancer.kind == LBAASV2 else "load-balancer"


async def _named(cloud: Cloud, service: str, path: str, key: str, name: str) -> Sequence[Body]:
    """By name, else by id."""
    found = await cloud.list(service, path, key, name=name)
    if found:
        return found
    try:
        return [await cloud.get(service, f"{path}/{name}")]
    except CloudFault as fault:
        if fault.status in (400, 404):
            return ()
        raise


Part = Mapping[str, Things]

_NETWORKING = {
    "subnet": ("/subnets", "subnets"),
    "router": ("/routers", "routers"),
    "port": ("/ports", "ports"),
    "security-group": ("/security-groups", "security_groups"),
    "floating-address": ("/floatingips", "floatingips"),
}


async def _networking(cloud: Cloud) -> Part:
    """Networks and subnets that the project may use, and what else is its own."""
    own = [cloud.list("network", path, key, project_id=cloud.project) for path, key in _NETWORKING.values()]
    shared = [cloud.list("network", "/networks", "networks"), cloud.list("network", "/subnets", "subnets")]
    answers = await asyncio.gather(*own, *shared)
    found = {kind: _by_id(answer) for kind, answer in zip(_NETWORKING, answers, strict=False)}
    networks, subnets = answers[-2], answers[-1]
    usable = _by_id(one for one in networks if _is_usable(one, cloud.project))
    found["network"] = usable
    found["subnet"] = _by_id(one for one in subnets if one["network_id"] in usable)
    return found


def _is_usable(network: Body, project: str) -> bool:
    return bool(network.get("project_id") == project or network.get("shared") or network.get("router:external"))


async def _computing(cloud: Cloud) -> Part:
    servers, pairs, groups = await asyncio.gather(
        cloud.list("compute", "/servers/detail", "servers"),
        cloud.list("compute", "/os-keypairs", "keypairs"),
        cloud.list("compute", "/os-server-groups", "server_groups"),
    )
    own = [one["keypair"] for one in pairs]
    return {
        "machine": _by_id(servers),
        "key-pair": {one["name"]: one for one in own},
        "server-group": _by_id(groups),
    }


async def _balancing(cloud: Cloud, service: str, cluster: Cluster) -> Part:
    """The balancer of the API's name, and its parts."""
    name = Names.of(cluster).balancer
    query = {"name": name, "project_id": cloud.project}
    balancers = _by_id(await cloud.list(service, "/lbaas/loadbalancers", "loadbalancers", **query))
    kinds = ("listeners", "pools", "healthmonitors")
    lists = [cloud.list(service, f"/lbaas/{kind}", kind, project_id=cloud.project) for kind in kinds]
    listeners, pools, monitors = map(_by_id, await asyncio.gather(*lists))
    inside = {id: one for id, one in pools.items() if _of_balancers(one, balancers, listeners)}
    members = await asyncio.gather(*(_members(cloud, service, pool) for pool in inside))
    return {
        "load-balancer": balancers,
        "listener": {id: one for id, one in listeners.items() if _of_balancers(one, balancers, {})},
        "pool": inside,
        "member": {id: one for part in members for id, one in part.items()},
        "health-monitor": {id: one for id, one in monitors.items() if _pools_of(one) & inside.keys()},
    }


def _of_balancers(one: Body, balancers: Things, listeners: Things) -> bool:
    """By its own list of balancers, else by its listeners' (LBaaS v2 before Pike)."""
    direct = {each["id"] for each in one.get("loadbalancers") or ()}
    for each in one.get("listeners") or ():
        listener = listeners.get(each["id"], {})
        direct |= {above["id"] for above in listener.get("loadbalancers") or ()}
    return bool(direct & balancers.keys())


def _pools_of(monitor: Body) -> set[str]:
    return {each["id"] for each in monitor.get("pools") or ()}


async def _members(cloud: Cloud, service: str, pool: str) -> Things:
    members = await cloud.list(service, f"/lbaas/pools/{pool}/members", "members")
    return {one["id"]: {**one, "pool_id": pool} for one in members}


async def _naming(cloud: Cloud, zone: str) -> Part:
    zones = _by_id(await cloud.list("dns", "/zones", "zones", name=zone))
    records = await asyncio.gather(*(cloud.list("dns", f"/zones/{id}/recordsets", "recordsets") for id in zones))
    return {"zone": zones, "record": _by_id(one for part in records for one in part)}


def _by_id(things: Iterable[Body]) -> Things:
    return {str(one["id"]): one for one in things}
