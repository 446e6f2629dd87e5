"""What may not change on a cluster that exists, each with the reason. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from hardway.spec.addresses import pod_range
from hardway.spec.model import CLOUD_BALANCERS, Cluster, Machine

_BAKED_IN: Final = "nodes, routes and rules on every machine are made of it"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One change that a cluster in being cannot take."""

    where: str
    """The dotted path of the field."""
    before: str
    after: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.before} cannot become {self.after} on a cluster that exists — {self.reason}"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that keeps its value for the cluster's life."""

    where: str
    read: Callable[[Cluster], object]
    reason: str


FIXED: Final[tuple[Fixed, ...]] = (
    Fixed("name", lambda c: c.name, "it names the state directory, and every machine is marked with it"),
    Fixed(
        "kubernetes.version",
        lambda c: c.kubernetes.version,
        "an upgrade has an order of its own (API servers first, one minor at a time), which `up` does not know yet",
    ),
    Fixed("machines.provider", lambda c: c.machines.provider, "machines cannot move; make a new cluster there"),
    Fixed(
        "clusterDomain",
        lambda c: c.cluster_domain,
        "it is in the issuer of every service-account token and in every running pod's resolv.conf",
    ),
    Fixed("networks.machines", lambda c: c.networks.machines, "every machine has its address and its number from it"),
    Fixed("networks.pods", lambda c: c.networks.pods, f"running pods have addresses of it; {_BAKED_IN}"),
    Fixed(
        "networks.services",
        lambda c: c.networks.services,
        "services have addresses of it, and the API's certificate its first address",
    ),
    Fixed(
        "networks.dns",
        lambda c: c.networks.dns,
        "a service keeps its address for life, and running pods have this one in their resolv.conf",
    ),
    Fixed(
        "api.address",
        lambda c: c.api.address,
        "every kubelet, proxy and kubeconfig points there: all would be cut off on the way",
    ),
    Fixed(
        "api.port",
        lambda c: c.api.port,
        "every kubelet, proxy and kubeconfig points there: all would be cut off on the way",
    ),
    Fixed(
        "api.name",
        lambda c: c.api.name if c.balancer.kind in CLOUD_BALANCERS else "",
        "it names the cloud's load balancer, which holds the VIP: a second one could not have it",
    ),
    Fixed(
        "openstack.servers", lambda c: c.openstack.servers, "servers that hardway made do not become others', or back"
    ),
    Fixed("openstack.network", lambda c: c.openstack.network, "servers stay in their network"),
    Fixed("openstack.subnet", lambda c: c.openstack.subnet, "servers stay in their subnet"),
    Fixed("openstack.router", lambda c: c.openstack.router, "a subnet has one way out at a time"),
    Fixed(
        "certificates.algorithm",
        lambda c: c.certificates.algorithm.value,
        "new keys for the authorities would end all trust at once; rotating them comes later",
    ),
    Fixed(
        "encryption.provider",
        lambda c: c.encryption.provider,
        "secrets written with the old one would be unreadable; rotating the encryption key comes later",
    ),
)


def refused_changes(before: Cluster, after: Cluster) -> tuple[Refusal, ...]:
    """Every change from one valid spec to another that a cluster in being cannot take; none where all are possible."""
    return (*_fixed(before, after), *_masters(before, after), *_roles(before, after), *_pod_ranges(before, after))


def _fixed(before: Cluster, after: Cluster) -> Iterator[Refusal]:
    for field in FIXED:
        was, shall_be = field.read(before), field.read(after)
        if was != shall_be:
            yield Refusal(field.where, str(was), str(shall_be), field.reason)


def _masters(before: Cluster, after: Cluster) -> Iterator[Refusal]:
    """Masters are members of etcd: by name and address."""
    was, shall_be = _members(before), _members(after)
    if was != shall_be:
        reason = "each master is a member of etcd; changing its membership safely comes later"
        yield Refusal("machines.masters", _told(was), _told(shall_be), reason)


def _members(cluster: Cluster) -> dict[str, str]:
    return {machine.name: str(machine.address) for machine in cluster.masters}


def _told(members: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({address})" for name, address in sorted(members.items()))


def _roles(before: Cluster, after: Cluster) -> Iterator[Refusal]:
    was, shall_be = _by_role(before), _by_role(after)
    for name in sorted(was.keys() & shall_be.keys()):
        if was[name] != shall_be[name]:
            reason = "take the machine out of the spec first, run `up`, then add it in its new role"
            yield Refusal(f"machines.{shall_be[name]}", f"{name} of {was[name]}", f"one of {shall_be[name]}", reason)


def _by_role(cluster: Cluster) -> dict[str, str]:
    roles: dict[str, tuple[Machine, ...]] = {
        "masters": cluster.masters,
        "workers": cluster.workers,
        "balancers": cluster.balancers,
    }
    return {machine.name: role for role, machines in roles.items() for machine in machines}


def _pod_ranges(before: Cluster, after: Cluster) -> Iterator[Refusal]:
    """A worker keeps its pod range, be it given or computed from its address."""
    if (before.networks.pods, before.networks.machines) != (after.networks.pods, after.networks.machines):
        return  # told already, once and not for every worker
    was, shall_be = _ranges(before), _ranges(after)
    for name in sorted(was.keys() & shall_be.keys()):
        if was[name] != shall_be[name]:
            reason = (
                "a Node's spec.podCIDR is immutable and its pods have addresses of it; keep the old one with "
                f"podRange: {was[name]}, or take the worker out first"
            )
            yield Refusal(f"machines.workers.{name}.podRange", str(was[name]), str(shall_be[name]), reason)


def _ranges(cluster: Cluster) -> dict[str, IPv4Network]:
    return {worker.name: pod_range(cluster, worker) for worker in cluster.workers}
