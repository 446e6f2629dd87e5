"""What a lab looks like, as it follows from the spec: its network, addresses, image, and the way in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from hardway.lab.faults import LabFault
from hardway.lab.network import Network
from hardway.lab.places import LabPlace, MachinePlace
from hardway.spec.model import Cluster


@dataclass(frozen=True, slots=True)
class MachineWish:
    """A machine as it shall be."""

    place: MachinePlace
    address: IPv4Address
    network: Network


@dataclass(frozen=True, slots=True)
class Layout:
    """A lab as it shall be."""

    place: LabPlace
    network: Network
    addresses: Mapping[str, IPv4Address]
    """By machine."""
    api: str
    """Where the API answers inside: address:port."""
    port: int
    """The loopback port that leads there; 0 for a free one."""
    suite: str
    mirror: str | None

    def machine(self, name: str) -> MachineWish:
        """Raises LabFault for a name that is not the spec's."""
        if name not in self.addresses:
            raise LabFault(f"the lab has no machine {name}", advice=f"its machines: {', '.join(self.addresses)}")
        return MachineWish(self.place.machine(name), self.addresses[name], self.network)

    @property
    def machines(self) -> tuple[MachineWish, ...]:
        return tuple(map(self.machine, self.addresses))


def layout(cluster: Cluster) -> Layout:
    """The lab of a cluster; it bears the cluster's name."""
    return Layout(
        place=LabPlace(cluster.name),
        network=Network(cluster.networks.machines, operator_address(cluster)),
        addresses={machine.name: machine.address for machine in cluster.all_machines},
        api=f"{cluster.api.address}:{cluster.api.port}",
        port=cluster.lab.api_port,
        suite=cluster.lab.suite,
        mirror=cluster.lab.mirror,
    )


def operator_address(cluster: Cluster) -> IPv4Address:
    """The first host address of the machines' network that the spec gives to nobody. Raises LabFault if it is full."""
    taken = {cluster.api.address, *(machine.address for machine in cluster.all_machines)}
    for address in cluster.networks.machines.hosts():
        if address not in taken:
            return address
    raise LabFault(
        f"{cluster.networks.machines} has no address left for the operator", advice="make networks.machines larger"
    )
