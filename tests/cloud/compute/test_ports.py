"""How ports are plugged: in words as a table, and as far as namespaces go, for real."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hardway.cloud.compute.image import FIRST_LINK
from hardway.cloud.compute.places import ServerPlace
from hardway.cloud.compute.ports import Chassis, Port, pair_script, renew_script, silence
from hardway.cloud.places import CloudPlace
from hardway.lab.commands import run
from hardway.lab.network import ensure_namespace, remove_network

PORT = Port("0a1b2c3d-4e5f-6789-abcd-ef0123456789", "fa:16:3e:00:00:01", 1442)
OTHER = Port("ffffffff-4e5f-6789-abcd-ef0123456789", "fa:16:3e:00:00:02", 1400)


def test_the_chassis_end_is_named_as_nova_names_it() -> None:
    assert PORT.link == "tap0a1b2c3d-4e"
    assert len(PORT.link) < 16


def test_ovs_is_asked_through_the_chassis_socket() -> None:
    chassis = Chassis("hardway.a.chassis1", Path("/run/db.sock"), ("chroot", "/tree", "ovs-vsctl"))
    assert chassis.command("br-exists", "br-int") == (
        *("chroot", "/tree", "ovs-vsctl", "--db=unix:/run/db.sock", "--timeout=30", "br-exists", "br-int"),
    )


@pytest.mark.parametrize(
    ("cloud", "title", "owned"),
    [
        ("a", "hardway.a", True),
        ("a", "hardway.a.chassis1", True),
        ("a", "hardway.ab.chassis1", False),
        ("a", "hardway-a.machine", False),
    ],
)
def test_a_cloud_owns_what_bears_its_name(cloud: str, title: str, owned: bool) -> None:
    assert CloudPlace.of(cloud).owns(title) is owned


def test_servers_of_two_clouds_have_nothing_in_common_but_their_uuid() -> None:
    one, other = (ServerPlace(CloudPlace.of(name), Path("/instances"), "u-u-i-d") for name in ("a", "b"))
    assert (one.title, other.title) == ("hardway.a.u-u-i-d", "hardway.b.u-u-i-d")


@pytest.fixture
async def cloud() -> AsyncIterator[CloudPlace]:
    owner = CloudPlace.of(f"ports-{os.getpid()}")
    try:
        yield owner
    finally:
        await remove_network(owner)


@pytest.mark.root
async def test_a_boot_renews_the_namespace_and_keeps_the_ports(cloud: CloudPlace) -> None:
    server, chassis = f"{cloud.title}.server", Chassis(f"{cloud.title}.chassis1", Path("/none"))
    for namespace in (server, chassis.namespace):
        await ensure_namespace(namespace)
    await shell(pair_script(chassis, server, ((PORT, 0), (OTHER, 1))))
    before = await links(server)
    assert before["eth0"]["ifindex"] == FIRST_LINK
    assert (before["eth0"]["address"], before["eth0"]["mtu"]) == (PORT.mac, PORT.mtu)
    assert (await links(chassis.namespace)).keys() == {"lo", PORT.link, OTHER.link}

    await ip(
        server, "link set eth0 up", "link set eth1 name renamed", "addr add 10.0.0.5/24 dev eth0", "link set lo up"
    )
    await ip(server, "link add vip type bridge", "route add 10.9.0.0/16 via 10.0.0.1", "rule add from 10.0.0.5 table 7")
    await shell(renew_script(server))
    after = await links(server)
    assert {name: link["ifindex"] for name, link in after.items()} == {
        "lo": 1,
        "eth0": FIRST_LINK,
        "eth1": FIRST_LINK + 1,
    }
    assert after["eth0"]["address"] == PORT.mac
    assert await told(server, "-4 addr show dev eth0") == ""
    assert await told(server, "route show") == ""
    assert "10.0.0.5" not in await told(server, "rule show")
    assert (await links(chassis.namespace)).keys() == {"lo", PORT.link, OTHER.link}

    await ip(server, "link set eth0 up", "link set eth1 up")
    await silence(server)
    assert {name for name, link in (await links(server)).items() if "UP" in link["flags"]} == {"lo"}


async def shell(script: str) -> None:
    await run(("sh", "-e", "-c", script))


async def ip(namespace: str, *lines: str) -> None:
    await run(("ip", "-n", namespace, "-batch", "-"), stdin="\n".join(lines) + "\n")


async def told(namespace: str, words: str) -> str:
    return (await run(("ip", "-n", namespace, *words.split()))).strip()


async def links(namespace: str) -> dict[str, dict[str, Any]]:
    shown = json.loads(await run(("ip", "-n", namespace, "-json", "link", "show")))
    return {link["ifname"]: link for link in shown}
