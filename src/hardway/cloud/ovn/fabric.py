"""The cables between the chassis: two bridges in a namespace of their own, one for tunnels and one for the external
network, on which the operator stands too.

Touches the cloud's network namespaces and nothing outside them: this computer's own gains no link, address or route.
Laid again, it changes only what is not there.
"""

from __future__ import annotations

import json

from hardway.cloud.configuration.settings import EXTERNAL, OPERATOR_ADDRESS
from hardway.cloud.ovn.scripts import CABLE_EXTERNAL, CABLE_TUNNEL
from hardway.cloud.places import FABRIC, OPERATOR, ChassisPlace, CloudPlace
from hardway.lab.commands import run, succeeds
from hardway.lab.network import ensure_namespace

TUNNELS, OUTSIDE = "tunnels", "outside"
"""The bridges."""
OPERATOR_LINK, OPERATOR_PORT = "eth0", "operator"


async def lay_fabric(place: CloudPlace, chassis: int) -> None:
    """Everything: bridges, the operator, and each chassis' two cables. Raises LabFault."""
    fabric, operator = place.part(FABRIC), place.part(OPERATOR)
    for title in (fabric, operator, *(place.chassis(number).title for number in range(1, chassis + 1))):
        await ensure_namespace(title)
        await run(("ip", "-n", title, "link", "set", "lo", "up"))
    there = await _links(fabric)
    for bridge in (TUNNELS, OUTSIDE):
        if bridge not in there:
            await run(("ip", "-n", fabric, "link", "add", bridge, "type", "bridge", "forward_delay", "0"))
            await run(("ip", "-n", fabric, "link", "set", bridge, "up"))
    if OPERATOR_PORT not in there:
        await _cable(fabric, OPERATOR_PORT, OUTSIDE, operator, OPERATOR_LINK)
    address = f"{OPERATOR_ADDRESS}/{EXTERNAL.prefixlen}"
    await run(("ip", "-n", operator, "address", "replace", address, "dev", OPERATOR_LINK))
    for number in range(1, chassis + 1):
        await _lay_chassis(place.chassis(number), there)


async def _lay_chassis(chassis: ChassisPlace, there: frozenset[str]) -> None:
    fabric = chassis.cloud.part(FABRIC)
    for (port, bridge), link in zip(ports(chassis).items(), (CABLE_TUNNEL, CABLE_EXTERNAL), strict=True):
        if port not in there:
            await _cable(fabric, port, bridge, chassis.title, link)
        await run(("ip", "-n", fabric, "link", "set", port, "up"))


def ports(chassis: ChassisPlace) -> dict[str, str]:
    """The fabric's ends of a chassis' cables, and the bridge of each."""
    return {f"{TUNNELS}{chassis.number}": TUNNELS, f"{OUTSIDE}{chassis.number}": OUTSIDE}


async def pull_cables(chassis: ChassisPlace) -> None:
    """Let nothing reach the chassis, nor it anybody. No fault where it has no cables."""
    for port in ports(chassis):
        await succeeds(("ip", "-n", chassis.cloud.part(FABRIC), "link", "set", port, "down"))


async def _cable(fabric: str, port: str, bridge: str, other: str, link: str) -> None:
    """A pair of links, with checksums made in software: the userspace datapath drops packets without one."""
    await run(("ip", "-n", fabric, "link", "add", port, "type", "veth", "peer", "name", link, "netns", other))
    for namespace, name in ((fabric, port), (other, link)):
        await run(("ip", "netns", "exec", namespace, "ethtool", "--offload", name, "tx", "off"))
        await run(("ip", "-n", namespace, "link", "set", name, "up"))
    await run(("ip", "-n", fabric, "link", "set", port, "master", bridge))


async def _links(namespace: str) -> frozenset[str]:
    shown = json.loads(await run(("ip", "-n", namespace, "-json", "link", "show")) or "[]")
    return frozenset(str(link["ifname"]) for link in shown)
