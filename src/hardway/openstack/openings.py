"""Which ports each role needs, and who comes there: the security groups' rules, as one table. Pure.

Masters: SSH, the API, etcd among themselves. Workers: SSH, the kubelet for API servers and for the metrics of other
workers, the pod network. What comes from pods bears a pod's address, which no group knows: such rules name ranges.
Balancers of provider ovn pass on the client's own address, so what the API lets in, masters let in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.security import Opening, SecurityGroup, SecurityGroupRule, rule
from hardway.spec.addresses import pod_range
from hardway.spec.model import CLOUD_BALANCERS, Cluster

SSH = 22
ETCD_CLIENT, ETCD_PEER = 2379, 2380
KUBELET = 10250
VXLAN = 8472
"""Linux's own port for VXLAN, which flannel keeps to."""
NODE_PORTS = (30000, 32767)


@dataclass(frozen=True, slots=True)
class Groups:
    """The names of the cluster's groups."""

    masters: str
    workers: str
    api: str

    @classmethod
    def of(cls, cluster: Cluster) -> Groups:
        return cls(f"{cluster.name}-masters", f"{cluster.name}-workers", f"{cluster.name}-api")


def wanted_groups(cluster: Cluster) -> Iterator[SecurityGroup | SecurityGroupRule]:
    """The groups, and their rules with the defaults that Neutron gives a new group (all may go out)."""
    groups = Groups.of(cluster)
    yield SecurityGroup(label=groups.masters, purpose="masters")
    yield SecurityGroup(label=groups.workers, purpose="workers")
    for name, opening, purpose in (*_masters(cluster, groups), *_workers(cluster, groups)):
        yield _rule(groups, name, opening, purpose)
    if cluster.balancer.kind in CLOUD_BALANCERS:
        yield SecurityGroup(label=groups.api, purpose="the API's address")
        for name, opening, purpose in _api(cluster, groups):
            yield _rule(groups, name, opening, purpose)


def _rule(groups: Groups, name: str, opening: Opening, purpose: str) -> SecurityGroupRule:
    peers = {groups.masters, groups.workers, groups.api}
    needs = (object_id(SecurityGroup.kind, opening.peer),) if opening.peer in peers else ()
    return rule(name, opening, purpose, needs)


Row = tuple[str, Opening, str]
"""Group, what is let through, why."""


def _masters(cluster: Cluster, groups: Groups) -> Iterator[Row]:
    here = groups.masters
    yield from _everyones(cluster, here)
    yield from _to_the_api(cluster, here)
    yield here, _tcp(ETCD_CLIENT, peer=here), "etcd, for API servers"
    yield here, _tcp(ETCD_PEER, peer=here), "etcd, for its peers"
    if cluster.registry_machine in cluster.masters:
        yield here, _tcp(cluster.registry.port, peer=groups.workers), "the registry of images"


def _workers(cluster: Cluster, groups: Groups) -> Iterator[Row]:
    here = groups.workers
    yield from _everyones(cluster, here)
    yield here, _tcp(KUBELET, peer=groups.masters), "the kubelet, for API servers"
    yield here, _tcp(KUBELET, peer=here), "the kubelet, for metrics collected by pods"
    yield here, Opening("ingress", protocol="tcp", peer=groups.masters), "webhooks and APIs in pods, for API servers"
    if cluster.pod_network.backend == "vxlan":
        yield here, Opening("ingress", protocol="udp", first=VXLAN, last=VXLAN, peer=here), "pods on other workers"
    else:
        pods = str(cluster.networks.pods)
        yield here, Opening("ingress", peer=pods), "pods on other workers"
    if cluster.registry_machine in cluster.workers:
        yield here, _tcp(cluster.registry.port, peer=here), "the registry of images"
    for network in cluster.openstack.node_ports_from:
        yield here, _tcp(*NODE_PORTS, str(network)), "node ports"


def _api(cluster: Cluster, groups: Groups) -> Iterator[Row]:
    yield from _out(groups.api)
    yield from _to_the_api(cluster, groups.api)


def _everyones(cluster: Cluster, group: str) -> Iterator[Row]:
    yield from _out(group)
    for network in cluster.openstack.ssh_from:
        yield group, _tcp(SSH, peer=str(network)), "SSH, for the operator"


def _out(group: str) -> Iterator[Row]:
    yield group, Opening("egress"), "the way out"
    yield group, Opening("egress", family="IPv6"), "the way out"


def _to_the_api(cluster: Cluster, group: str) -> Iterator[Row]:
    inside = cluster.networks.machines
    allowed = cluster.openstack.api_from
    for network in dict.fromkeys((*allowed, *(() if _covers(allowed, inside) else (inside,)))):
        yield group, _tcp(cluster.api.port, peer=str(network)), "the API"


def _covers(allowed: Sequence[IPv4Network], inside: IPv4Network) -> bool:
    return any(inside.subnet_of(network) for network in allowed)


def _tcp(first: int, last: int = 0, peer: str = "") -> Opening:
    return Opening("ingress", protocol="tcp", first=first, last=last or first, peer=_peer(peer))


def _peer(peer: str) -> str:
    return "anywhere" if peer in ("", "0.0.0.0/0") else peer


def behind(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    """By worker, the range of its pods: masters send packets to pods straight to their worker, and with host-gw other
    workers do."""
    return {worker.name: (str(pod_range(cluster, worker)),) for worker in cluster.workers}
