"""What a cluster's objects are called in its cloud, and which floating address is whose. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hardway.plan.order import machine_id
from hardway.resources.base import OPERATOR, Ref
from hardway.resources.operator import Key
from hardway.spec.model import CLOUD_BALANCERS, Cluster

OPERATOR_KEY: Final = "ssh-operator"
CLIENT_KEY: Final = "access/ssh-key"
KNOWN_HOSTS: Final = "access/known_hosts"


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


def floating_of(cluster: Cluster) -> dict[str, str | None]:
    """By whose they are, the floating addresses: chosen, or None for one that the cloud picks."""
    names = Names.of(cluster)
    picks = cluster.openstack.floating_addresses == "any"
    balanced = {names.balancer: cluster.api.floating_address} if cluster.balancer.kind in CLOUD_BALANCERS else {}
    chosen = {**{machine.name: machine.floating_address for machine in cluster.all_machines}, **balanced}
    return {name: str(one) if one else None for name, one in chosen.items() if one or picks}
