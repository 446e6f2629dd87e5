"""Servers that are there already, as in the article: found by name, looked at, and never changed."""

from __future__ import annotations

import pytest

from hardway.openstack.cloud import Body
from hardway.resources.base import Ref
from tests.openstack.conftest import Stage, example
from tests.openstack.fake_cloud import PROJECT

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"
CONSOLE = f"booted\n-----BEGIN SSH HOST KEY KEYS-----\n{KEY} root@host\n-----END SSH HOST KEY KEYS-----\n"
THEIRS = ("networks", "subnets", "servers", "ports")


def stage() -> Stage:
    """The six of the article, in a network of another name."""
    made = Stage(example("  servers: existing\n  privateKey: key\n"))
    world = made.world
    network = world.put("networks", {"name": "theirs", "project_id": PROJECT})
    subnet = world.put("subnets", {"name": "theirs", "network_id": network["id"], "cidr": "10.0.0.0/24"})
    for machine in made.cluster.all_machines:
        address = str(machine.address)
        fixed = {"fixed_ips": [{"subnet_id": subnet["id"], "ip_address": address}]}
        world.put("ports", {"name": "", "project_id": PROJECT, "security_groups": [], "device_id": "", **fixed})
        addresses = {"theirs": [{"addr": address, "OS-EXT-IPS:type": "fixed"}]}
        server = {"name": machine.name, "status": "ACTIVE", "metadata": {}, "addresses": addresses}
        world.consoles[world.put("servers", server)["id"]] = CONSOLE
    return made


def server(made: Stage, name: str) -> Body:
    return next(one for one in made.world.of("servers") if one["name"] == name)


async def test_only_what_stands_before_them_is_made_and_goes_again() -> None:
    made = stage()
    before = made.world.names()
    await made.run()
    now = made.world.names()
    assert {kind: now[kind] for kind in THEIRS if kind != "ports"} == {k: before[k] for k in THEIRS if k != "ports"}
    assert len(now["members"]) == 3
    assert now["floatingips"] == ["192.168.0.100"]
    assert not (await made.look(made.provider())).steps
    await made.run(nothing_wanted=True)
    assert made.world.names() == before


async def test_their_host_keys_are_read_from_their_consoles() -> None:
    made = stage()
    provider = made.provider()
    await made.look(provider)
    assert provider.value(Ref("machine:hardway-master-0:hardway-master-0", "host-key")) == KEY.encode()


OBSTACLES: dict[str, tuple[dict[str, object], str]] = {
    "another address": (
        {"addresses": {"theirs": [{"addr": "10.0.0.99", "OS-EXT-IPS:type": "fixed"}]}},
        "address is 10.0.0.99, shall be 10.0.0.21; the server is yours to put right",
    ),
    "it is off": ({"status": "SHUTOFF"}, "running is no, shall be yes; the server is yours to put right"),
    "it is in ERROR": ({"status": "ERROR"}, "running is ERROR, shall be yes; the server is yours to put right"),
    "another name": ({"name": "worker-1"}, "there is no server of that name in the project"),
}


@pytest.mark.parametrize("case", OBSTACLES)
async def test_what_is_not_as_wanted_is_told_and_left(case: str) -> None:
    fields, told = OBSTACLES[case]
    made = stage()
    server(made, "hardway-worker-1").update(fields)
    (only,) = await made.obstacles()
    assert only.startswith("hardway-worker-1: ")
    assert told in only
    assert not [asked for asked in made.world.asked if "action" not in asked]


async def test_a_host_key_that_nobody_tells_must_be_pinned() -> None:
    made = stage()
    made.world.consoles[server(made, "hardway-master-2")["id"]] = "no keys here"
    (only,) = await made.obstacles()
    assert only.startswith("hardway-master-2: its console tells no host key: pin it as hostKey in the spec")
