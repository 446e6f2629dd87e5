"""A server's ports: a veth pair each, from the server's namespace to br-int of its chassis, as os-vif would plug it.

Touches the server's namespace, the chassis' namespace, and the rows of the chassis' OVSDB that bear the server's UUID.
OVN finds a port by `external_ids:iface-id` and does the rest.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardway.cloud.compute.image import FIRST_LINK, LINKS
from hardway.lab.commands import run, succeeds
from hardway.lab.faults import LabFault
from hardway.lab.network import NAMESPACES, ensure_namespace, namespace_exists, remove_namespace

BRIDGE = "br-int"


@dataclass(frozen=True, slots=True)
class Chassis:
    """A computer of the cloud, as far as plugging goes."""

    namespace: str
    ovsdb: Path
    """The socket of its ovsdb-server."""
    vsctl: tuple[str, ...] = ("ovs-vsctl",)

    def command(self, *words: str) -> tuple[str, ...]:
        """A call of ovs-vsctl(8)."""
        return (*self.vsctl, f"--db=unix:{self.ovsdb}", "--timeout=30", *words)


@dataclass(frozen=True, slots=True)
class Port:
    """A port of Neutron that is a server's."""

    id: str
    mac: str
    mtu: int

    @property
    def link(self) -> str:
        """The chassis' end, named as Nova names it."""
        return f"tap{self.id[:11]}"


async def plug(chassis: Chassis, server: str, uuid: str, ports: Sequence[Port]) -> None:
    """Plug those that are not plugged yet, each into the first free slot. Raises LabFault.

    `server` is the server's namespace, made if it is not there. The cable of a new port is dead until `connect`.
    """
    await ensure_namespace(server)
    there = {str(link["ifname"]) for link in await _links(chassis.namespace)}
    taken = {int(link["ifindex"]) - FIRST_LINK for link in await _links(server)}
    free = (slot for slot in range(LINKS) if slot not in taken)
    missing = tuple(zip((port for port in ports if port.link not in there), free, strict=False))
    if missing:
        await run(("sh", "-e", "-c", pair_script(chassis, server, missing)))
    if ports:
        await run(chassis.command(*_registered(ports, uuid)))


def pair_script(chassis: Chassis, server: str, ports: Iterable[tuple[Port, int]]) -> str:
    """Shell commands that make the veth pairs, each with its slot.

    The server's end is the first one of a pair, since the kernel lets only that one choose its index. Checksums are
    made in software on both ends: the userspace datapath drops packets that still want a hardware's.
    """
    ports = tuple(ports)
    pairs = tuple(
        f"link add eth{slot} index {FIRST_LINK + slot} address {port.mac} mtu {port.mtu}"
        f" type veth peer name {port.link} mtu {port.mtu} netns {chassis.namespace}"
        for port, slot in ports
    )
    ends = ((chassis.namespace, port.link) for port, _ in ports), ((server, f"eth{slot}") for _, slot in ports)
    return "\n".join(
        (
            f"printf '%s\\n' {shlex.join(pairs)} | ip -n {server} -batch -",
            *(
                shlex.join(("nsenter", f"--net={NAMESPACES / namespace}", "ethtool", "-K", link, "tx", "off"))
                + " >/dev/null"
                for end in ends
                for namespace, link in end
            ),
        )
    )


def _registered(ports: Iterable[Port], uuid: str) -> Iterable[str]:
    for number, port in enumerate(ports):
        ids = {"iface-id": port.id, "attached-mac": f'"{port.mac}"', "vm-uuid": uuid, "iface-status": "active"}
        yield from ("--",) if number else ()
        yield from ("--may-exist", "add-port", BRIDGE, port.link, "--", "set", "Interface", port.link)
        yield from (f"external_ids:{key}={value}" for key, value in ids.items())


async def connect(chassis: Chassis, ports: Sequence[Port]) -> None:
    """Let the cables live: a server that boots meanwhile asks for its address at this moment."""
    await _batch(chassis.namespace, (f"link set {port.link} up" for port in ports))


async def unplug(chassis: Chassis, port: Port) -> None:
    """Take a port away, if it is there."""
    await _remove(chassis, (port.link,))


async def unplug_all(chassis: Chassis, server: str, uuid: str) -> None:
    """Take all ports of a server away, and its namespace; found in the OVSDB, since Neutron may know less by now."""
    found = await run(chassis.command("--bare", "--columns=name", "find", "Interface", f"external_ids:vm-uuid={uuid}"))
    await _remove(chassis, found.split())
    await remove_namespace(server)
    await remove_namespace(next_namespace(server))


async def _remove(chassis: Chassis, links: Sequence[str]) -> None:
    if not links:
        return
    words = [word for link in links for word in ("--", "--if-exists", "del-port", BRIDGE, link)]
    await run(chassis.command(*words[1:]))
    await _batch(chassis.namespace, (f"link del {link}" for link in links), force=True)


def next_namespace(server: str) -> str:
    """What a server's namespace is called before it takes the former one's place."""
    return f"{server}.next"


def renew_script(server: str) -> str:
    """Shell commands that give the server a fresh namespace with the same ports in it, before each of its boots.

    Fresh, because after a reboot nothing of the former addresses, routes, links and rules may be left. The ports move,
    for if they were made anew the network would see them go and come. Found by index: a server may rename its links.
    """
    fresh = next_namespace(server)
    moves = tuple(f"link set if{FIRST_LINK + slot} netns {fresh} name eth{slot}" for slot in range(LINKS))
    return "\n".join(
        (
            "set -e",
            f"ip netns del {fresh} 2>/dev/null || true",
            f"ip netns add {fresh}",
            f"ip -n {fresh} link set lo up",
            f"ip netns exec {fresh} sysctl -qw net.ipv4.ping_group_range='0 2147483647'",  # as systemd has it
            f"printf '%s\\n' {shlex.join(moves)} | ip -n {server} -force -batch - >/dev/null 2>&1 || true",
            f"ip netns del {server}",
            f"nsenter --net={NAMESPACES / fresh} sh -c 'ip netns attach {server} $$'",
            f"ip netns del {fresh}",
        )
    )


def silence_script(server: str) -> str:
    """Shell commands that set the links down, since a namespace answers pings also with nobody in it.

    The port stays plugged: OVN's health monitor asks from there, and is blind without it.
    """
    downs = tuple(f"link set if{FIRST_LINK + slot} down" for slot in range(LINKS))
    return f"printf '%s\\n' {shlex.join(downs)} | ip -n {server} -force -batch - >/dev/null 2>&1 || true"


async def silence(server: str) -> None:
    if namespace_exists(server):
        await run(("sh", "-c", silence_script(server)))


async def _batch(namespace: str, lines: Iterable[str], force: bool = False) -> None:
    argv = ("ip", "-n", namespace, *(("-force",) if force else ()), "-batch", "-")
    try:
        await run(argv, stdin="".join(f"{line}\n" for line in lines))
    except LabFault:
        if not force:
            raise


async def _links(namespace: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = json.loads(await run(("ip", "-n", namespace, "-json", "link", "show")) or "[]")
    return found


async def answers(chassis: Chassis) -> bool:
    """Whether the chassis has its bridge."""
    return await succeeds(chassis.command("br-exists", BRIDGE))
