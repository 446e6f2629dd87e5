"""Neutron with LBaaS: networks, and the load balancers on them (Octavia's, or neutron-lbaas version 2's)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address, ip_network

from hardway.cloud.check import ground, lbaasv2, octavia
from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Wrong
from hardway.cloud.check.versions import told_by

PORT = 6443


def _network(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.network
    place = ground.make_network(cloud, made, "network")
    ground.make_router(cloud, made, place, "router")
    group = api.create_security_group(name=cloud.name("group"), description=ground.DESCRIPTION)
    made.undo("security group", partial(api.delete_security_group, group, ignore_missing=False))
    api.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ether_type="IPv4",
        protocol="tcp",
        port_range_min=PORT,
        port_range_max=PORT,
    )
    port = api.create_port(name=cloud.name("port"), network_id=place.network, security_groups=[group.id])
    made.undo("port", partial(api.delete_port, port, ignore_missing=False))
    address = port.fixed_ips[0]["ip_address"]
    if ip_address(address) not in ip_network(ground.RANGE):
        raise Wrong(f"the port's address is {address}, outside its subnet {ground.RANGE}")
    return Proved(f"a port at {address} behind a router, its security group open for TCP {PORT}")


def _agents(cloud: Cloud) -> Sequence[Agent]:
    return [Agent(one.agent_type, one.host, bool(one.is_alive)) for one in cloud.api.network.agents()]


def _version(cloud: Cloud) -> str:
    told = [told_by("network")(cloud)]
    if octavia.there(cloud):
        told.append(f"Octavia {told_by('load-balancer')(cloud)}")
    elif lbaasv2.there(cloud):
        told.append("neutron-lbaas v2")
    else:
        told.append("no LBaaS")
    return "; ".join(told)


def _sweep(cloud: Cloud) -> None:
    for lbaas in (octavia, lbaasv2):
        if lbaas.there(cloud):
            lbaas.sweep(cloud)


NEUTRON = Service(
    name="Neutron with LBaaS",
    counterpart="VPC and ELB",
    type="network",
    there=lambda cloud: cloud.has("network"),
    version=_version,
    proofs=(
        Proof("network", "network, router, security group and port are made and belong together", _network),
        Proof(
            "load balancer (Octavia)",
            "a load balancer for TCP 6443 with a member becomes ACTIVE",
            octavia.balancer,
            octavia.there,
        ),
        Proof(
            "load balancer (LBaaS v2)",
            "a load balancer for TCP 6443 with a member becomes ACTIVE",
            lbaasv2.balancer,
            lambda cloud: lbaasv2.there(cloud) and not octavia.there(cloud),
        ),
    ),
    sweep=_sweep,
    agents=_agents,
)
