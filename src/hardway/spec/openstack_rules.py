"""Rules about provider `openstack`: floating addresses, the balancer, keys, and what is other providers'. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from hardway.spec.faults import Finding, Path
from hardway.spec.kinds import Kinds
from hardway.spec.machine_rules import placed
from hardway.spec.model import CLOUD_BALANCERS, HAPROXY, OPENSTACK, Cluster

PROVIDER: Path = ("machines", "provider")
KIND: Path = ("balancer", "kind")
SERVERS: Path = ("openstack", "servers")


def cloud_balancers_are_in_a_cloud(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """Balancer kinds `octavia` and `lbaasv2` are for provider `openstack`, which takes no `haproxy` (its VIP would need
    a port of its own; a cloud has a balancer)."""
    kind, provider = cluster.balancer.kind, cluster.machines.provider
    if kind in CLOUD_BALANCERS and provider != OPENSTACK:
        what = f"a balancer of kind {kind} is a cloud's, and machines.provider is {provider}"
        yield Finding(KIND, what, "use machines.provider: openstack, or balancer.kind: haproxy", (PROVIDER,))
    if kind == HAPROXY and provider == OPENSTACK:
        what = "a balancer of kind haproxy is not for provider openstack"
        yield Finding(KIND, what, "use balancer.kind: octavia (or lbaasv2, external)", (PROVIDER,))


def floating_addresses_are_in_a_cloud(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """`floatingAddress` and `hostKey` of a machine are for provider `openstack`, `hostKey` with `servers: existing`."""
    for path, machine in placed(cluster):
        if machine.floating_address is not None and cluster.machines.provider != OPENSTACK:
            what = "only servers of a cloud have floating addresses"
            yield Finding((*path, "floatingAddress"), what, "leave it out", (PROVIDER,))
        if machine.host_key is None:
            continue
        if cluster.machines.provider != OPENSTACK:
            yield Finding(
                (*path, "hostKey"), "host keys of these machines are made by hardway", "leave it out", (PROVIDER,)
            )
        elif cluster.openstack.servers == "create":
            what = "a server that hardway makes has a host key that hardway makes"
            yield Finding((*path, "hostKey"), what, "leave it out, or use openstack.servers: existing", (SERVERS,))


def floating_addresses_differ(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No two machines, nor the API, have the same floating address, and none lies in the cluster's own ranges."""
    taken: dict[IPv4Address, tuple[Path, str]] = {}
    if cluster.api.floating_address is not None:
        taken[cluster.api.floating_address] = (("api", "floatingAddress"), "the API")
    networks = cluster.networks
    inner = {"machines": networks.machines, "pods": networks.pods, "services": networks.services}
    for path, machine in placed(cluster):
        address, here = machine.floating_address, (*path, "floatingAddress")
        if address is None:
            continue
        if address in taken:
            other, whose = taken[address]
            yield Finding(here, f"{address} is the floating address of {whose} too", "use another one", (other,))
        taken.setdefault(address, (here, machine.name))
        for name, network in inner.items():
            if address in network:
                what = f"{address} lies in networks.{name} ({network})"
                yield Finding(here, what, "use an address of the external network", (("networks", name),))


def existing_servers_have_a_key(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """With `openstack.servers: existing`, and with an `openstack.keyPair`, `openstack.privateKey` is given."""
    section = cluster.openstack
    if cluster.machines.provider != OPENSTACK or section.private_key is not None:
        return
    here = ("openstack", "privateKey")
    if section.servers == "existing":
        what = "existing servers are logged in to with a key of yours"
        yield Finding(here, what, "name the file of the private key in openstack.privateKey", (SERVERS,))
    elif section.key_pair is not None:
        what = f"the private half of key pair {section.key_pair} is needed to log in"
        also = (("openstack", "keyPair"),)
        yield Finding(here, what, "name its file in openstack.privateKey, or leave keyPair out", also)


def made_keys_have_a_pair(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """With `openstack.servers: create`, `openstack.privateKey` comes with the `openstack.keyPair` whose half it is."""
    section = cluster.openstack
    if section.servers == "create" and section.private_key is not None and section.key_pair is None:
        what = "the servers that are made would not know this key"
        yield Finding(("openstack", "privateKey"), what, "name its key pair in openstack.keyPair", (SERVERS,))


RULES = (
    cloud_balancers_are_in_a_cloud,
    floating_addresses_are_in_a_cloud,
    floating_addresses_differ,
    existing_servers_have_a_key,
    made_keys_have_a_pair,
)
