"""Rules about machines: their names and addresses, how many there are of each role, and the balancer in front. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from hardway.spec.faults import Finding, Path, listed, nearest
from hardway.spec.kinds import Kinds
from hardway.spec.model import CLOUD_BALANCERS, HAPROXY, Cluster, Machine

MOST_MASTERS = 7
"""etcd's own advice; more members make every write slower and bear hardly more losses."""

LONGEST_NODE_NAME = 52
"""A kubelet's certificate names it system:node:NAME, and a common name has at most 64 characters (RFC 5280)."""

LONGEST_FULL_NAME = 253
"""RFC 1035, in the usual dotted notation."""


def placed(cluster: Cluster) -> Iterator[tuple[Path, Machine]]:
    """Every machine with its path in the spec."""
    roles = {"masters": cluster.masters, "workers": cluster.workers, "balancers": cluster.balancers}
    for role, machines in roles.items():
        yield from ((("machines", role, number), machine) for number, machine in enumerate(machines))


def names_differ(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No two machines have the same name."""
    first: dict[str, Path] = {}
    for path, machine in placed(cluster):
        here = (*path, "name")
        if machine.name in first:
            what = f"{machine.name} is the name of another machine too"
            yield Finding(here, what, "give each machine a name of its own", (first[machine.name],))
        first.setdefault(machine.name, here)


def addresses_differ(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No two machines have the same address."""
    first: dict[IPv4Address, tuple[Path, str]] = {}
    for path, machine in placed(cluster):
        here = (*path, "address")
        if machine.address in first:
            other, name = first[machine.address]
            what = f"{machine.address} is the address of {name} too"
            yield Finding(here, what, "give each machine an address of its own", (other,))
        first.setdefault(machine.address, (here, machine.name))


def addresses_are_in_the_network(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """Each machine's address lies in `networks.machines`."""
    network, also = cluster.networks.machines, (("networks", "machines"),)
    outside = [(path, machine.address) for path, machine in placed(cluster) if machine.address not in network]
    for role, addresses in _of_default_roles(cluster, outside).items():
        what = f"{listed(addresses, 'and')} are outside networks.machines ({network})"
        yield Finding(("machines", role), what, f"give machines.{role} with addresses of {network}", also)
    for path, address in outside:
        if path[1] in cluster.machines.model_fields_set:
            what = f"{address} is outside networks.machines ({network})"
            yield Finding((*path, "address"), what, f"use a free address of {network}, or widen the network", also)


def _of_default_roles(cluster: Cluster, outside: Iterable[tuple[Path, IPv4Address]]) -> dict[str, list[str]]:
    """The addresses of the roles whose machines are the default ones: told together, since nobody wrote them."""
    found: dict[str, list[str]] = {}
    for path, address in outside:
        role = str(path[1])
        if role not in cluster.machines.model_fields_set:
            found.setdefault(role, []).append(str(address))
    return found


def addresses_are_hosts(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No machine, nor the API, has the first or the last address of `networks.machines`."""
    network = cluster.networks.machines
    reserved = {network.network_address: "network", network.broadcast_address: "broadcast"}
    taken = [((*path, "address"), machine.address) for path, machine in placed(cluster)]
    for path, address in (*taken, (("api", "address"), cluster.api.address)):
        if address in reserved:
            what = f"{address} is the {reserved[address]} address of {network}"
            yield Finding(path, what, "use an address between the first and the last", (("networks", "machines"),))


def masters_keep_quorum(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The number of masters is 1, 3, 5 or 7."""
    count, here = len(cluster.masters), ("machines", "masters")
    if count > MOST_MASTERS:
        yield Finding(here, f"{count} masters make every write of etcd slow", "use 1, 3, 5 or 7")
    elif count % 2 == 0:
        what = f"{count} masters bear the loss of no more than {count - 1} do"
        yield Finding(here, what, "use 1, 3, 5 or 7")


def names_can_be_used(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No machine is called localhost; a worker's name has at most 52 characters (it stands in a certificate's common
    name after system:node:); a full name has at most 253."""
    for path, machine in placed(cluster):
        here = (*path, "name")
        if machine.name == "localhost":
            yield Finding(here, "localhost is every machine's name for itself", "use another name")
        if path[1] == "workers" and len(machine.name) > LONGEST_NODE_NAME:
            what = f"{len(machine.name)} characters are too many for a node's certificate"
            yield Finding(here, what, f"use at most {LONGEST_NODE_NAME}")
        if len(f"{machine.name}.{cluster.domain}") > LONGEST_FULL_NAME:
            what = f"with the domain the name is longer than {LONGEST_FULL_NAME} characters"
            yield Finding(here, what, "use a shorter name or domain", (("domain",),))


def the_api_has_its_own_name(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The API's name is no machine's name."""
    for path, machine in placed(cluster):
        if machine.name == cluster.api.name:
            what = f"{cluster.api.name} is the name of a machine too"
            yield Finding(("api", "name"), what, "give the API a name of its own", ((*path, "name"),))


def balancers_fit_their_kind(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """Balancer kind `haproxy` has at least one machine in `machines.balancers`; the other kinds have none."""
    here, kind = ("machines", "balancers"), ("balancer", "kind")
    if cluster.balancer.kind == HAPROXY and not cluster.balancers:
        way = "name at least one machine, two for redundancy, or use balancer.kind: external"
        yield Finding(here, "a balancer of kind haproxy needs machines", way, (kind,))
    if cluster.balancer.kind in {"external", *CLOUD_BALANCERS} and cluster.balancers:
        what = f"a balancer of kind {cluster.balancer.kind} has no machines of ours"
        yield Finding(here, what, "leave machines.balancers out, or use balancer.kind: haproxy", (kind,))


def kinds_are_known(cluster: Cluster, kinds: Kinds) -> Iterator[Finding]:
    """`machines.provider`, `balancer.kind`, `sources.kind` and `lab.suite` are ones that are known here."""
    yield from _known(("machines", "provider"), cluster.machines.provider, kinds.providers)
    yield from _known(("balancer", "kind"), cluster.balancer.kind, kinds.balancers)
    yield from _known(("sources", "kind"), cluster.sources.kind, kinds.sources)
    yield from _known(("lab", "suite"), cluster.lab.suite, kinds.suites)


def _known(where: Path, kind: str, known: Iterable[str]) -> Iterator[Finding]:
    if kind in known:
        return
    near, every = nearest(kind, known), f"known: {listed(sorted(known), 'and')}" if known else "none is known"
    yield Finding(where, f"unknown {where[-1]} {kind!r:.40}", f"did you mean {near}? ({every})" if near else every)
