"""What a cluster wants of its cloud: every object, each with what must be in place before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardway.openstack.naming import (
    CLIENT_KEY,
    KNOWN_HOSTS,
    OPERATOR_KEY,
    Names,
    floating_of,
    host_key_name,
    host_key_public,
)
from hardway.openstack.openings import Groups, behind, wanted_groups
from hardway.openstack.resources.balancer import LoadBalancer
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.compute import ExistingServer, KeyPair, Server, ServerGroup
from hardway.openstack.resources.network import FloatingAddress, Network, Port, Router, RouterInterface, Subnet
from hardway.openstack.wanted_api import balancer_parts, wanted_balancer, wanted_records
from hardway.resources.base import Chapter, Content, Ref, Resource
from hardway.resources.operator import SSH_ED25519, Key, StateFile
from hardway.spec.addresses import full_name
from hardway.spec.model import CLOUD_BALANCERS, Cluster, Machine


@dataclass(frozen=True, slots=True)
class Ground:
    """What of the cloud decides what is wanted of it."""

    designate: bool = True
    """Whether names go to the cloud's DNS."""


def wanted(cluster: Cluster, ground: Ground) -> Sequence[Resource]:
    """All objects of the cloud, and the operator's files that go with them."""
    names = Names.of(cluster)
    made = cluster.openstack.servers == "create"
    return (
        *(_network(cluster, names) if made else ()),
        *(_servers(cluster, names) if made else _existing(cluster)),
        *_floating(cluster, names),
        *(wanted_balancer(cluster, names) if cluster.balancer.kind in CLOUD_BALANCERS else ()),
        *(wanted_records(cluster, names) if ground.designate else ()),
        _known_hosts(cluster),
    )


def _network(cluster: Cluster, names: Names) -> Iterator[Resource]:
    section = cluster.openstack
    network = Network(label=names.network)
    subnet = Subnet(
        label=names.subnet,
        network=names.network,
        cidr=str(cluster.networks.machines),
        dns_servers=tuple(map(str, section.dns_servers)),
        needs=(network.id,),
    )
    router = Router(label=names.router, external=section.external_network)
    yield from (network, subnet, router)
    yield RouterInterface(label=names.subnet, router=names.router, needs=(router.id, subnet.id))
    yield from wanted_groups(cluster)


def _servers(cluster: Cluster, names: Names) -> Iterator[Resource]:
    section = cluster.openstack
    if section.key_pair is None:
        key = Key(chapter=Chapter.MACHINES, key=OPERATOR_KEY, algorithm=SSH_ED25519)
        content = Content.of(Ref(key.id, "pem", secret=True))
        yield key
        yield StateFile(chapter=Chapter.MACHINES, path=CLIENT_KEY, content=content)
        yield KeyPair(label=names.key_pair, public=Ref(key.id, "ssh"))
    if section.anti_affinity != "none":
        policy = {"hard": "anti-affinity", "soft": "soft-anti-affinity"}[section.anti_affinity]
        yield ServerGroup(label=names.masters, policy=policy)
    groups = Groups.of(cluster)
    for machines, group in ((cluster.masters, groups.masters), (cluster.workers, groups.workers)):
        for machine in machines:
            yield from _server(cluster, names, machine, group)


def _server(cluster: Cluster, names: Names, machine: Machine, group: str) -> Iterator[Resource]:
    section = cluster.openstack
    port = Port(
        label=machine.name,
        network=names.network,
        subnet=names.subnet,
        address=str(machine.address),
        groups=(group,),
        behind=behind(cluster).get(machine.name, ()),
        needs=(object_id("subnet", names.subnet), object_id("security-group", group)),
    )
    key = Key(chapter=Chapter.MACHINES, key=host_key_name(machine.name), algorithm=SSH_ED25519)
    masters = {master.name for master in cluster.masters}
    together = machine.name in masters and section.anti_affinity != "none"
    server_group = object_id(ServerGroup.kind, names.masters) if together else None
    rules = tuple(one.id for one in wanted_groups(cluster) if getattr(one, "group", "") == group)
    yield from (port, key)
    yield Server(
        machine=machine.name,
        address=str(machine.address),
        image=section.image,
        flavor=section.flavor,
        port=port.id,
        key_pair=names.key_pair,
        group=server_group,
        zone=section.availability_zone,
        host_key=Ref(key.id, "pem", secret=True),
        host_key_public=Ref(key.id, "ssh"),
        needs=(
            port.id,
            *rules,
            *((server_group,) if server_group else ()),
            object_id("router-interface", names.subnet),
            object_id(KeyPair.kind, names.key_pair),
            object_id(FloatingAddress.kind, machine.name),
            object_id(StateFile.kind, CLIENT_KEY),
        ),
    )


def _existing(cluster: Cluster) -> Iterator[Resource]:
    for machine in cluster.all_machines:
        yield ExistingServer(machine=machine.name, address=str(machine.address))


def _floating(cluster: Cluster, names: Names) -> Iterator[Resource]:
    """Machines' addresses lead to their ports (of an existing server the port that has its fixed address)."""
    interface = object_id("router-interface", names.subnet)
    for whose, address in floating_of(cluster).items():
        balanced = whose == names.balancer
        if not balanced and cluster.openstack.servers == "existing":
            continue  # theirs already, and looked at only
        target = object_id(LoadBalancer.kind if balanced else Port.kind, whose)
        yield FloatingAddress(
            label=whose,
            external=cluster.openstack.external_network,
            target=target,
            address=address,
            chapter=Chapter.BALANCER if balanced else Chapter.MACHINES,
            needs=(target, interface, *(balancer_parts(cluster) if balanced else ())),
        )


def _known_hosts(cluster: Cluster) -> StateFile:
    """For the operator's own ssh; hardway itself takes the keys from where they are."""
    parts: list[str | Ref] = []
    for machine in cluster.all_machines:
        outside = f",{machine.floating_address}" if machine.floating_address else ""
        parts += [f"{machine.name},{full_name(cluster, machine)},{machine.address}{outside} "]
        parts += [host_key_public(cluster, machine.name), "\n"]
    return StateFile(chapter=Chapter.MACHINES, path=KNOWN_HOSTS, content=Content.of(*parts))
