"""The VPC: a bridge in a namespace of its own, with a link for each task; it can be joined to a lab's network.

Touches network namespaces that bear the title given, and in a lab's own namespace one link and one route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from hardway.fargate.local.places import FargatePlace
from hardway.lab.commands import run, succeeds
from hardway.lab.network import (
    BRIDGE,
    ensure_namespace,
    hardware_address,
    link_name,
    namespace_exists,
    namespaces_of,
    remove_namespace,
    remove_network,
)

JOINT: Final = "hwfargate"
"""The link in a lab's namespace."""
_LAB_SIDE, _VPC_SIDE = "169.254.77.1", "169.254.77.2"


@dataclass(frozen=True, slots=True)
class Vpc:
    """The network of a local Fargate."""

    place: FargatePlace
    subnets: Mapping[str, IPv4Network]

    def _gateway(self, subnet: str) -> IPv4Address:
        """A subnet's first address, as AWS has it."""
        return self.subnets[subnet].network_address + 1

    async def ensure(self) -> None:
        await ensure_namespace(self.place.title)
        await succeeds(("ip", "-n", self.place.title, "link", "del", BRIDGE))
        lines = (
            "link set lo up",
            f"link add {BRIDGE} type bridge forward_delay 0",
            *(f"addr add {self._gateway(one)}/{net.prefixlen} dev {BRIDGE}" for one, net in self.subnets.items()),
            f"link set {BRIDGE} up",
            "route replace unreachable default",
        )
        await _batch(self.place.title, *lines)
        await run(("ip", "netns", "exec", self.place.title, "sysctl", "-qw", "net.ipv4.ip_forward=1"))

    async def plug(self, title: str, address: str, subnet: str) -> None:
        """A namespace with eth0 on the bridge. Raises LabFault."""
        await ensure_namespace(title)
        one = IPv4Address(address)
        link, mac = link_name(one), hardware_address(one)
        # The kernel takes a namespace's links away a moment after the namespace, and addresses are given again.
        await succeeds(("ip", "-n", self.place.title, "link", "del", link))
        await _batch(
            self.place.title,
            f"link add {link} type veth peer name eth0 address {mac} netns {title}",
            f"link set {link} master {BRIDGE} up",
        )
        await _batch(
            title,
            "link set lo up",
            f"addr add {address}/{self.subnets[subnet].prefixlen} dev eth0",
            "link set eth0 up",
            f"route add default via {self._gateway(subnet)}",
        )

    async def unplug(self, title: str) -> None:
        """The link goes with its namespace."""
        await remove_namespace(title)

    async def clear(self) -> None:
        """All tasks' namespaces, but not the VPC's."""
        for title in namespaces_of(self.place):
            if title != self.place.title:
                await remove_namespace(title)

    async def remove(self) -> None:
        await remove_network(self.place)

    async def join(self, lab: str, lab_range: IPv4Network) -> None:
        """A way to a lab's network and back. Raises LabFault."""
        await succeeds(("ip", "-n", lab, "link", "del", JOINT))
        await _batch(
            lab,
            f"link add {JOINT} type veth peer name {JOINT} netns {self.place.title}",
            f"addr add {_LAB_SIDE}/30 dev {JOINT}",
            f"link set {JOINT} up",
        )
        await _batch(
            self.place.title,
            f"addr add {_VPC_SIDE}/30 dev {JOINT}",
            f"link set {JOINT} up",
            f"route replace {lab_range} via {_LAB_SIDE}",
        )
        await _batch(lab, *(f"route replace {net} via {_VPC_SIDE}" for net in self.subnets.values()))

    async def part(self, lab: str) -> None:
        if namespace_exists(lab):
            await succeeds(("ip", "-n", lab, "link", "del", JOINT))


async def _batch(namespace: str, *lines: str) -> None:
    await run(("ip", "-n", namespace, "-batch", "-"), stdin="\n".join(lines) + "\n")
