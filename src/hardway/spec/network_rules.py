"""Rules about address ranges and the addresses that the cluster itself takes: API, DNS, pod ranges. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations, pairwise

from hardway.spec.addresses import POD_RANGE_PREFIX, api_service_address, pod_range
from hardway.spec.faults import Finding, Path
from hardway.spec.kinds import Kinds
from hardway.spec.machine_rules import placed
from hardway.spec.model import Cluster, Networks, Worker

SMALLEST_SERVICES = 28
"""Prefix length; a /28 holds the API, the DNS and a dozen services."""
LARGEST_SERVICES = 12
"""Prefix length; kube-apiserver refuses a --service-cluster-ip-range with more than 20 bits for hosts."""
SMALLEST_POD_RANGE = 28
"""Prefix length of a worker's own range."""

UNUSABLE = tuple(IPv4Network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""This network, loopback, link-local, multicast and reserved (RFC 6890)."""

TAKEN_PORTS = {
    22: "SSH",
    2379: "etcd, for clients",
    2380: "etcd, for peers",
    2381: "etcd, for its health",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
}
"""What listens on masters or balancers beside the API."""


def ranges(networks: Networks) -> dict[Path, IPv4Network]:
    """The three address ranges by their paths in the spec."""
    return {
        ("networks", "machines"): networks.machines,
        ("networks", "pods"): networks.pods,
        ("networks", "services"): networks.services,
    }


def ranges_do_not_overlap(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The ranges of machines, pods and services have no address in common."""
    for (first, one), (second, other) in combinations(ranges(cluster.networks).items(), 2):
        if one.overlaps(other):
            what = f"{other} overlaps networks.{first[-1]} ({one})"
            yield Finding(second, what, "choose ranges that have no address in common", (first,))


def ranges_are_for_hosts(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No range touches 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16 or 224.0.0.0/3."""
    for path, network in ranges(cluster.networks).items():
        for special in UNUSABLE:
            if network.overlaps(special):
                yield Finding(path, f"{network} touches {special}, which no host may use", "use a private range")


def services_hold_what_they_must(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The services' range is a /12 to a /28: the API, the DNS and a dozen more find room."""
    network = cluster.networks.services
    if network.prefixlen > SMALLEST_SERVICES:
        what = f"{network} is too small for the API, the DNS and a few services"
        yield Finding(("networks", "services"), what, f"use a /{SMALLEST_SERVICES} or larger")
    if network.prefixlen < LARGEST_SERVICES:
        what = f"{network} is larger than kube-apiserver takes"
        yield Finding(("networks", "services"), what, f"use a /{LARGEST_SERVICES} or smaller")


def dns_is_a_service(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The DNS address lies in the services' range, and is neither its first or last address nor the API's."""
    network, dns = cluster.networks.services, cluster.networks.dns
    here, also = ("networks", "dns"), (("networks", "services"),)
    example = f"use another address of {network}, such as {network[min(10, network.num_addresses - 1)]}"
    if dns not in network:
        yield Finding(here, f"{dns} is outside networks.services ({network})", example, also)
    elif dns == api_service_address(cluster):
        yield Finding(here, f"{dns} is the API's own service address, always the first of the range", example, also)
    elif dns in (network.network_address, network.broadcast_address):
        yield Finding(here, f"{dns} is the network or broadcast address of {network}", example, also)


def pods_find_room(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """Each worker has a pod range within `networks.pods`: its own `podRange`, else the /24 of its host number."""
    pods = cluster.networks.pods
    if pods.prefixlen > POD_RANGE_PREFIX:
        what = f"{pods} is smaller than the /{POD_RANGE_PREFIX} of one worker"
        yield Finding(("networks", "pods"), what, "use a /16, which has room for 255 workers")
        return
    for path, worker in _workers(cluster):
        if worker.pod_range is None:
            yield from _room_by_number(cluster, path, worker)
        elif not worker.pod_range.subnet_of(pods):
            what = f"{worker.pod_range} is not within networks.pods ({pods})"
            yield Finding((*path, "podRange"), what, "choose a part of that range", (("networks", "pods"),))
        elif worker.pod_range.prefixlen > SMALLEST_POD_RANGE:
            yield Finding((*path, "podRange"), f"{worker.pod_range} is too small", f"use a /{POD_RANGE_PREFIX}")


def _room_by_number(cluster: Cluster, path: Path, worker: Worker) -> Iterator[Finding]:
    if worker.address not in cluster.networks.machines:
        return
    try:
        pod_range(cluster, worker)
    except ValueError:
        number = int(worker.address) - int(cluster.networks.machines.network_address)
        what = f"networks.pods ({cluster.networks.pods}) has no /{POD_RANGE_PREFIX} number {number} for this worker"
        also = (("networks", "pods"), ("networks", "machines"), (*path, "podRange"))
        yield Finding((*path, "address"), what, "widen networks.pods, or give the worker a podRange", also)


def pod_ranges_do_not_overlap(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No two workers' pod ranges have an address in common."""
    taken = sorted(_pod_ranges(cluster), key=lambda each: (int(each[2].network_address), each[2].prefixlen))
    for (first, one, its), (second, other, others) in pairwise(taken):
        if its.overlaps(others):
            # Told at the one that was given by hand, where one was.
            (here, worker, own), (there, also, its_own) = sorted(
                ((first, one, its), (second, other, others)), key=lambda each: each[1].pod_range is None
            )
            yield _collision(here, worker, own, there, also, its_own)


def _collision(
    here: Path, worker: Worker, own: IPv4Network, there: Path, other: Worker, others: IPv4Network
) -> Finding:
    field = "address" if worker.pod_range is None else "podRange"
    what = f"the pod range {own} of {worker.name} overlaps {others} of {other.name}"
    compared = ((*there, "address"), (*there, "podRange"), (*here, "address"), ("networks", "pods"))
    return Finding((*here, field), what, "choose another podRange", compared)


def _pod_ranges(cluster: Cluster) -> Iterator[tuple[Path, Worker, IPv4Network]]:
    """The pod ranges that can be told; workers at the same address are another rule's."""
    seen: set[IPv4Address] = set()
    for path, worker in _workers(cluster):
        if worker.address in seen and worker.pod_range is None:
            continue
        seen.add(worker.address)
        try:
            yield path, worker, pod_range(cluster, worker)
        except ValueError:
            continue


def _workers(cluster: Cluster) -> Iterator[tuple[Path, Worker]]:
    for path, machine in placed(cluster):
        if isinstance(machine, Worker):
            yield path, machine


def the_api_address_is_free(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The API's address (VIP) is no machine's, and lies in `networks.machines` unless the balancer is external."""
    address, network, here = cluster.api.address, cluster.networks.machines, ("api", "address")
    for path, machine in placed(cluster):
        if machine.address == address:
            what = f"{address} is the address of {machine.name}"
            yield Finding(here, what, "use an address that no machine has", ((*path, "address"),))
    if address not in network and cluster.balancer.kind != "external":
        what = f"{address} is outside networks.machines ({network}), where the balancers must hold it"
        yield Finding(here, what, f"use a free address of {network}", (("networks", "machines"), ("balancer", "kind")))
    yield from _in_inner_ranges(cluster, here, address)


def the_floating_address_is_outside(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The floating address is not the VIP, no machine's, and in neither the pods' nor the services' range."""
    address, here = cluster.api.floating_address, ("api", "floatingAddress")
    if address is None:
        return
    if address == cluster.api.address:
        what = f"{address} is api.address itself"
        yield Finding(here, what, "leave floatingAddress out where there is none", (("api", "address"),))
    for path, machine in placed(cluster):
        if machine.address == address:
            what = f"{address} is the address of {machine.name}"
            yield Finding(here, what, "use the outside address that leads to the VIP", ((*path, "address"),))
    yield from _in_inner_ranges(cluster, here, address)


def _in_inner_ranges(cluster: Cluster, here: Path, address: IPv4Address) -> Iterator[Finding]:
    for path, network in ranges(cluster.networks).items():
        if path[-1] != "machines" and address in network:
            what = f"{address} lies in networks.{path[-1]} ({network})"
            yield Finding(here, what, "use an address outside the cluster's inner ranges", (path,))


def the_api_port_is_free(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The API's port is not 22, 2379 to 2381, 10257 or 10259, which others take on the same machines."""
    user = TAKEN_PORTS.get(cluster.api.port)
    if user is not None:
        yield Finding(("api", "port"), f"{cluster.api.port} is the port of {user}", "use 6443 or another free port")
