"""All rules that span several fields of the spec, as one table; and what is allowed but deserves a warning. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network
from typing import Final

from hardway.spec import machine_rules, network_rules, openstack_rules, registry_rules, setting_rules
from hardway.spec.addresses import POD_RANGE_PREFIX
from hardway.spec.faults import Finding, dotted
from hardway.spec.kinds import DEFAULT_KINDS, Kinds
from hardway.spec.model import HAPROXY, Cluster

Rule = Callable[[Cluster, Kinds], Iterable[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    machine_rules.kinds_are_known,
    machine_rules.masters_keep_quorum,
    machine_rules.balancers_fit_their_kind,
    machine_rules.names_differ,
    machine_rules.names_can_be_used,
    machine_rules.addresses_differ,
    machine_rules.addresses_are_in_the_network,
    machine_rules.addresses_are_hosts,
    machine_rules.the_api_has_its_own_name,
    network_rules.the_api_address_is_free,
    network_rules.the_api_port_is_free,
    network_rules.the_floating_address_is_outside,
    network_rules.ranges_do_not_overlap,
    network_rules.ranges_are_for_hosts,
    network_rules.services_hold_what_they_must,
    network_rules.dns_is_a_service,
    network_rules.pods_find_room,
    network_rules.pod_ranges_do_not_overlap,
    setting_rules.the_version_is_known,
    setting_rules.domains_are_apart,
    setting_rules.domains_are_no_addresses,
    setting_rules.leaves_do_not_outlive_authorities,
    setting_rules.flags_are_free,
    *registry_rules.RULES,
    *openstack_rules.RULES,
)
"""Each says in its docstring what must hold; the spec's reference is made of these sentences."""

DOCKER: Final = IPv4Network("172.17.0.0/16")
"""Docker's default bridge, and the article's pod range."""


def findings(cluster: Cluster, kinds: Kinds = DEFAULT_KINDS) -> Iterator[Finding]:
    """Everything that the rules find wrong, one after another."""
    return (finding for rule in RULES for finding in rule(cluster, kinds))


def warnings(cluster: Cluster) -> tuple[str, ...]:
    """What is allowed, and still a thing to know before going on; one sentence each, beginning with the field."""
    return tuple(warning for caution in CAUTIONS for warning in caution(cluster))


def _few_machines(cluster: Cluster) -> Iterator[str]:
    """Fewer machines than bear the loss of one."""
    if len(cluster.masters) == 1:
        yield "machines.masters: one master: the API and etcd go when it goes; three bear the loss of one"
    if cluster.balancer.kind == HAPROXY and len(cluster.balancers) == 1:
        yield "machines.balancers: one balancer: the API's address goes when it goes; two take over from each other"
    if not cluster.workers:
        yield "machines.workers: no workers: nothing can run pods, the cluster DNS included"
    if len(cluster.workers) == 1:
        yield "machines.workers: one worker: pods have nowhere to go when it goes"


def _docker_bridge(cluster: Cluster) -> Iterator[str]:
    """A range in 172.17.0.0/16, Docker's default bridge (and the article's pods)."""
    for path, network in network_rules.ranges(cluster.networks).items():
        if network.overlaps(DOCKER):
            yield f"{dotted(path)}: {network} collides with Docker's default bridge on any machine that runs Docker"


def _public_ranges(cluster: Cluster) -> Iterator[str]:
    """A range that is not private: its real owners cannot be reached from the cluster."""
    for path, network in network_rules.ranges(cluster.networks).items():
        if not network.is_private and not network.subnet_of(IPv4Network("100.64.0.0/10")):
            yield f"{dotted(path)}: {network} is not private: its real owners cannot be reached from the cluster"


def _small_pod_ranges(cluster: Cluster) -> Iterator[str]:
    """A worker's own pod range that holds fewer than the kubelet's 110 pods."""
    for worker in cluster.workers:
        if worker.pod_range is not None and worker.pod_range.prefixlen > POD_RANGE_PREFIX + 1:
            room = worker.pod_range.num_addresses - 3
            yield f"machines.workers: {worker.name} has room for {room} pods only, its kubelet takes 110"


def _weak_encryption(cluster: Cluster) -> Iterator[str]:
    """Encryption by aescbc or aesgcm."""
    if cluster.encryption.provider == "aescbc":
        yield "encryption.provider: aescbc, the article's, has no integrity and is open to padding oracles"
    if cluster.encryption.provider == "aesgcm":
        yield "encryption.provider: aesgcm wants its key changed every 200,000 writes"


CAUTIONS: Final = (_few_machines, _docker_bridge, _public_ranges, _small_pod_ranges, _weak_encryption)
