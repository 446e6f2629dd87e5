"""What a cluster wants of its cloud: every object, each with what must be in place before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hardway.openstack.openings import Groups, behind, wanted_groups
from hardway.openstack.resources.balancer import HealthMonitor, Listener, LoadBalancer, Member, Pool
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.compute import ExistingServer, KeyPair, Server, ServerGroup
from hardway.openstack.resources.names import RecordSet, Zone
from hardway.openstack.resources.network import FloatingAddress, Network, Port, Router, RouterInterface, Subnet
from hardway.plan.order import machine_id
from hardway.resources.base import OPERATOR, Chapter, Content, Ref, Resource
from hardway.resources.operator import SSH_ED25519, Key, StateFile
from hardway.spec.addresses import api_name, full_name
from hardway.spec.model import CLOUD_BALANCERS, Cluster, Machine

OPERATOR_KEY: Final = "ssh-operator"
CLIENT_KEY: Final = "access/ssh-key"
KNOWN_HOSTS: Final = "access/known_hosts"


@dataclass(frozen=True, slots=True)
class Ground:
    """What of the cloud decides what is wanted of it."""

    designate: bool = True
    """Whether names go to the cloud's DNS."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the cluster's objects are called."""

    network: str
    subnet: str
    router: str
    key_pair: str
    masters: str
    balancer: str
    zone: str

    @classmethod
    def of(cls, cluster: Cluster) -> Names:
        section, name = cluster.openstack, cluster.name
        return cls(
            network=section.network or name,
            subnet=section.subnet or name,
            router=section.router or name,
            key_pair=section.key_pair or name,
            masters=f"{name}-masters",
            balancer=cluster.api.name,
            zone=f"{cluster.domain}.",
        )


def host_key_name(machine: str) -> str:
    """The vault's name of a machine's host key."""
    return f"ssh-host.{machine}"


def host_key_public(cluster: Cluster, machine: str) -> Ref:
    """A machine's public host key: ours where we make the server, else what the server says of itself."""
    if cluster.openstack.servers == "existing":
        return Ref(machine_id(machine), "host-key")
    return Ref(f"{Key.kind}:{OPERATOR}:{host_key_name(machine)}", "ssh")


def wanted(cluster: Cluster, ground: Ground) -> Sequence[Resource]:
    """All objects of the cloud, and the operator's files that go with them."""
    names = Names.of(cluster)
    made = cluster.openstack.servers == "create"
    return (
        *(_network(cluster, names) if made else ()),
        *(_servers(cluster, names) if made else _existing(cluster)),
        *_floating(cluster, names),
        *(_balancer(cluster, names) if cluster.balancer.kind in CLOUD_BALANCERS else ()),
        *(_records(cluster, names) if ground.designate else ()),
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


def floating_of(cluster: Cluster) -> dict[str, str | None]:
    """By whose they are, the floating addresses: chosen, or None for one that the cloud picks."""
    names = Names.of(cluster)
    picks = cluster.openstack.floating_addresses == "any"
    balanced = {names.balancer: cluster.api.floating_address} if cluster.balancer.kind in CLOUD_BALANCERS else {}
    chosen = {**{machine.name: machine.floating_address for machine in cluster.all_machines}, **balanced}
    return {name: str(one) if one else None for name, one in chosen.items() if one or picks}


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
            needs=(target, interface, *(_parts(cluster) if balanced else ())),
        )


def _balancer(cluster: Cluster, names: Names) -> Iterator[Resource]:
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


def _records(cluster: Cluster, names: Names) -> Iterator[Resource]:
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
    needs = (zone.id, object_id(FloatingAddress.kind, whose), *(_parts(cluster) if whose == cluster.api.name else ()))
    return RecordSet(label=f"{host}.", zone=zone.label, host=host, address=address, needs=needs)


def _known_hosts(cluster: Cluster) -> StateFile:
    """For the operator's own ssh; hardway itself takes the keys from where they are."""
    parts: list[str | Ref] = []
    for machine in cluster.all_machines:
        outside = f",{machine.floating_address}" if machine.floating_address else ""
        parts += [f"{machine.name},{full_name(cluster, machine)},{machine.address}{outside} "]
        parts += [host_key_public(cluster, machine.name), "\n"]
    return StateFile(chapter=Chapter.MACHINES, path=KNOWN_HOSTS, content=Content.of(*parts))


def _parts(cluster: Cluster) -> tuple[str, ...]:
    """What must be in place before the API answers at its outside address: the last part of the balancer."""
    return (object_id(HealthMonitor.kind, f"{cluster.api.name}-readyz"),)


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
