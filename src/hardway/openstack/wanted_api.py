"""How the API is reached, as objects of the cloud: its load balancer, and everybody's names. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hardway.openstack.naming import Names, floating_of
from hardway.openstack.openings import Groups
from hardway.openstack.resources.balancer import HealthMonitor, Listener, LoadBalancer, Member, Pool
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.names import RecordSet, Zone
from hardway.openstack.resources.network import FloatingAddress
from hardway.resources.base import Content, Ref, Resource
from hardway.spec.addresses import api_name, full_name
from hardway.spec.model import Cluster


def wanted_balancer(cluster: Cluster, names: Names) -> Iterator[Resource]:
    """The balancer, a listener at the API's port, and a pool of the masters that is watched."""
    label, port = names.balancer, cluster.api.port
    made = cluster.openstack.servers == "create"
    balancer = LoadBalancer(
        label=label,
        balancer=label,
        subnet=names.subnet,
        vip=str(cluster.api.address),
        groups=(Groups.of(cluster).api,) if made else (),
        provider=cluster.openstack.balancer_provider,
        needs=(object_id("subnet", names.subnet), object_id("security-group", Groups.of(cluster).api)),
    )
    listener = Listener(label=f"{label}-{port}", balancer=label, port=port, needs=(balancer.id,))
    provider = Ref(balancer.id, "provider")
    pool = Pool(
        label=f"{label}-masters", balancer=label, listener=listener.label, needs=(listener.id, provider.resource)
    )
    yield from (balancer, listener, pool)
    members = [
        Member(
            label=master.name,
            balancer=label,
            pool=pool.label,
            subnet=names.subnet,
            address=str(master.address),
            port=port,
            needs=(pool.id,),
        )
        for master in cluster.masters
    ]
    yield from members
    yield HealthMonitor(
        label=f"{label}-readyz",
        balancer=label,
        pool=pool.label,
        path="/readyz",
        needs=(pool.id, *(member.id for member in members)),
    )


def balancer_parts(cluster: Cluster) -> tuple[str, ...]:
    """What must be in place before the API answers at its outside address: the last part of the balancer."""
    return (object_id(HealthMonitor.kind, f"{cluster.api.name}-readyz"),)


def wanted_records(cluster: Cluster, names: Names) -> Iterator[Resource]:
    """Every machine's name, and the API's: to the floating address, as in the article, else to the fixed one."""
    zone = Zone(label=names.zone, email=f"hostmaster@{cluster.domain}")
    yield zone
    floating = floating_of(cluster)
    for machine in cluster.all_machines:
        yield _record(full_name(cluster, machine), zone, machine.name, floating, str(machine.address), cluster)
    yield _record(api_name(cluster), zone, names.balancer, floating, str(cluster.api.address), cluster)


def _record(
    host: str, zone: Zone, whose: str, floating: dict[str, str | None], fixed: str, cluster: Cluster
) -> RecordSet:
    address: str | Ref = fixed
    if whose in floating:
        address = floating[whose] or Ref(object_id(FloatingAddress.kind, whose), "address")
    elif whose == cluster.api.name and cluster.api.floating_address is not None:
        address = str(cluster.api.floating_address)
    needs = (
        zone.id,
        object_id(FloatingAddress.kind, whose),
        *(balancer_parts(cluster) if whose == cluster.api.name else ()),
    )
    return RecordSet(label=f"{host}.", zone=zone.label, host=host, address=address, needs=needs)


def api_url(cluster: Cluster, *, by_name: bool) -> Content:
    """By its name where that resolves, else by its floating address, else by the VIP.

    The reference makes whoever uses the URL wait for what leads there.
    """
    whose, port = cluster.api.name, f":{cluster.api.port}"
    if by_name:
        return Content.of("https://", Ref(object_id(RecordSet.kind, f"{api_name(cluster)}."), "host"), port)
    if whose in floating_of(cluster):
        return Content.of("https://", Ref(object_id(FloatingAddress.kind, whose), "address"), port)
    return Content.of(f"https://{cluster.api.floating_address or cluster.api.address}{port}")
