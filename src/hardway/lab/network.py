"""The lab's network: a bridge in a namespace of its own, and a namespace with one link for each machine.

Touches network namespaces that bear the lab's name, and nothing outside them: this computer's own namespace gains no
link, address or route. The operator's address is the machines' gateway, and beyond it everything is unreachable.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shlex
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from hardway.lab.commands import run, succeeds
from hardway.lab.locks import locked
from hardway.lab.places import LabPlace, MachinePlace, Owner

BRIDGE = "br0"
NAMESPACES = Path("/run/netns")
"""Where ip-netns(8) keeps them."""
CLONE_NEWNET = 0x40000000
CONNECT_SECONDS = 15.0
"""The longest that a connection within this computer may take; the kernel would try for two minutes."""


@dataclass(frozen=True, slots=True)
class Network:
    """A lab's network: its range and the address at which the operator stands in it."""

    range: IPv4Network
    operator: IPv4Address

    @property
    def operator_interface(self) -> str:
        return f"{self.operator}/{self.range.prefixlen}"


async def ensure_network(lab: LabPlace, network: Network) -> None:
    """Make the bridge, or make it anew and put the machines' links back on it. Raises LabFault."""
    await ensure_namespace(lab.title)
    await succeeds(("ip", "-n", lab.title, "link", "del", BRIDGE))
    links = [link for link in await _links(lab.title) if link.startswith("m")]
    lines = (
        "link set lo up",
        f"link add {BRIDGE} type bridge forward_delay 0",
        f"addr add {network.operator_interface} dev {BRIDGE}",
        f"link set {BRIDGE} up",
        # What is asked of the gateway for another network gets "unreachable" at once instead of silence.
        "route replace unreachable default",
        *(f"link set {link} master {BRIDGE} up" for link in links),
    )
    await run(("ip", "-n", lab.title, "-batch", "-"), stdin="\n".join(lines) + "\n")
    await run(("ip", "netns", "exec", lab.title, "sysctl", "-qw", "net.ipv4.ip_forward=1"))


async def seen_network(lab: LabPlace) -> str | None:
    """The operator's address and prefix length on the bridge, "" where something is broken, None where nothing is."""
    if not namespace_exists(lab.title):
        return None
    argv = ("ip", "-n", lab.title, "-json", "-4", "addr", "show", "dev", BRIDGE, "up")
    if not await succeeds(argv):
        return ""
    shown = json.loads(await run(argv))
    addresses = [a for link in shown for a in link.get("addr_info", ())]
    return f"{addresses[0]['local']}/{addresses[0]['prefixlen']}" if addresses else ""


def plug_script(machine: MachinePlace, address: IPv4Address, network: Network) -> str:
    """Shell commands that give the machine a fresh namespace with eth0 on the bridge, before each of its boots.

    Fresh, because after a reboot nothing of the former links, addresses (a VIP!), routes and rules may be left.
    """
    lab, own, link = machine.lab.title, machine.title, link_name(address)
    batch = (
        "link set lo up",
        f"addr add {address}/{network.range.prefixlen} dev eth0",
        "link set eth0 up",
        f"route add default via {network.operator}",
    )
    pair = f"link add {link} type veth peer name eth0 address {hardware_address(address)} netns {own}"
    port = f"link set {link} master {BRIDGE} alias {machine.name} up"
    return "\n".join(
        (
            "set -e",
            f"ip -n {lab} link del {link} 2>/dev/null || true",
            f"ip netns del {own} 2>/dev/null || true",
            f"ip netns add {own}",
            f"printf '%s\\n' {shlex.join((pair, port))} | ip -n {lab} -batch -",
            f"printf '%s\\n' {shlex.join(batch)} | ip -n {own} -batch -",
        )
    )


async def unplug(machine: MachinePlace, address: IPv4Address) -> None:
    """Take the machine's link and namespace away, if they are there."""
    await succeeds(("ip", "-n", machine.lab.title, "link", "del", link_name(address)))
    # Else the kernel goes on sending to where the machine was, instead of finding out that nobody is there.
    await succeeds(("ip", "-n", machine.lab.title, "neigh", "flush", "to", str(address)))
    await remove_namespace(machine.title)


async def ensure_namespace(title: str) -> None:
    """Make a network namespace if it is not there."""
    if not namespace_exists(title):
        async with locked(NAMESPACES.parent):
            _remember_mount()
            await run(("ip", "netns", "add", title))


async def remove_network(owner: Owner) -> None:
    """Take every namespace of the owner away, found by name."""
    for title in sorted(namespaces_of(owner), reverse=True):
        await remove_namespace(title)
    async with locked(NAMESPACES.parent):  # another lab may be coming just now
        await asyncio.to_thread(_forget_mount)


async def remove_namespace(title: str) -> None:
    if namespace_exists(title):
        await run(("ip", "netns", "del", title))


def namespace_exists(title: str) -> bool:
    return (NAMESPACES / title).exists()


def namespaces_of(owner: Owner) -> tuple[str, ...]:
    """The names of all namespaces of the owner."""
    if not NAMESPACES.is_dir():
        return ()
    return tuple(path.name for path in NAMESPACES.iterdir() if owner.owns(path.name))


def link_name(address: IPv4Address) -> str:
    """The bridge's end of a machine's link: m0a00000a for 10.0.0.10; its alias is the machine's name."""
    return f"m{address.packed.hex()}"


def hardware_address(address: IPv4Address) -> str:
    """A locally administered MAC address that follows from the machine's address, so that neighbours may keep it."""
    return "02:68:" + ":".join(f"{byte:02x}" for byte in address.packed)


async def connect(lab: str, host: str, port: int) -> socket.socket:
    """A TCP connection made from where the operator stands in the lab. Raises OSError, TimeoutError among them."""
    made = open_socket(LabPlace(lab).title)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(made, (host, port))
    except BaseException:
        made.close()
        raise
    return made


def open_socket(namespace: str) -> socket.socket:
    """A non-blocking TCP socket that belongs to a namespace. Raises OSError.

    A namespace is a thread's own (setns(2)), so a thread that does nothing else enters it, and ends.
    """
    outcome: list[socket.socket | OSError] = []

    def enter() -> None:
        try:
            _enter(namespace)
            outcome.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=enter, name=f"into {namespace}")
    thread.start()
    thread.join()
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return outcome[0]


def _enter(namespace: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(handle, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}", namespace)
    finally:
        os.close(handle)


async def _links(namespace: str) -> Sequence[str]:
    shown = json.loads(await run(("ip", "-n", namespace, "-json", "link", "show")) or "[]")
    return [link["ifname"] for link in shown]


def _marker() -> Path:
    return Path("/run/hardway-netns")


def _remember_mount() -> None:
    """ip-netns(8) turns /run/netns into a mount of its own at its first use: remember that it was for us."""
    if not NAMESPACES.is_mount():
        _marker().touch(mode=0o600)


def _forget_mount() -> None:
    """Undo that after the last namespace, if it was for us. `rmdir` and `umount` refuse where somebody uses it."""
    if not _marker().exists() or not NAMESPACES.is_dir() or any(NAMESPACES.iterdir()):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.umount(os.fsencode(NAMESPACES))
    with suppress(OSError):
        NAMESPACES.rmdir()
    _marker().unlink(missing_ok=True)
