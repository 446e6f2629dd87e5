"""What keeps a plan from being carried out is told before anything is touched, and all of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from hardway.cli.errors import BAD_INPUT, explain
from hardway.operations.up import Refused
from hardway.spec.load import parse
from tests.openstack.conftest import EXAMPLE, Stage
from tests.openstack.fake_cloud import PROJECT, World

NETWORK = f"/quotas/{PROJECT}/details.json"
BALANCER = f"/lbaas/quotas/{PROJECT}"


def limits(**absolute: int) -> dict[str, Any]:
    names = ("maxTotalInstances", "maxTotalCores", "maxTotalRAMSize", "maxTotalKeypairs", "maxServerGroups")
    used = ("totalInstancesUsed", "totalCoresUsed", "totalRAMUsed", "totalServerGroupsUsed")
    return {"limits": {"absolute": {**dict.fromkeys(names, -1), **dict.fromkeys(used, 0), **absolute}}}


def quota(name: str, limit: int, used: int) -> dict[str, Any]:
    return {"quota": {name: {"limit": limit, "used": used, "reserved": 0}}}


QUOTAS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "just enough": ({"/limits": limits(maxTotalInstances=6, maxTotalCores=12, maxTotalRAMSize=24576)}, []),
    "short by one server": (
        {"/limits": limits(maxTotalInstances=6, totalInstancesUsed=1)},
        ["quota of instances: 6 more are needed, 1 of 6 are used: short by 1"],
    ),
    "everything short": (
        {
            "/limits": limits(maxTotalInstances=5, maxTotalCores=10, maxTotalRAMSize=20480, maxServerGroups=0),
            NETWORK: quota("floatingip", 10, 4),
            BALANCER: {"quota": {"member": 2}},
        },
        [
            "quota of instances: 6 more are needed, 0 of 5 are used: short by 1",
            "quota of cores: 12 more are needed, 0 of 10 are used: short by 2",
            "quota of memory (MB): 24576 more are needed, 0 of 20480 are used: short by 4096",
            "quota of server groups: 1 more are needed, 0 of 0 are used: short by 1",
            "quota of floatingips: 7 more are needed, 4 of 10 are used: short by 1",
            "quota of members: 3 more are needed, 0 of 2 are used: short by 1",
        ],
    ),
    "ports of the VIP and the router count": (
        {NETWORK: quota("port", 7, 0)},
        ["quota of ports: 8 more are needed, 0 of 7 are used: short by 1"],
    ),
}


@pytest.mark.parametrize("case", QUOTAS)
async def test_quotas_are_told_all_at_once(case: str) -> None:
    given, told = QUOTAS[case]
    stage = Stage(world=World(limits=given))
    assert await stage.obstacles() == told
    assert not stage.world.asked


async def test_a_cluster_that_stands_needs_no_room() -> None:
    stage = Stage()
    await stage.run()
    stage.world.limits = {"/limits": limits(maxTotalInstances=6, totalInstancesUsed=6)}
    assert await stage.obstacles() == []


def changed(old: str, new: str) -> Stage:
    text = EXAMPLE.read_text()
    assert old in text
    return Stage(parse(text.replace(old, new)))


MISSING = {
    ("image: debian-13", "image: debian-9"): "openstack.image: there is no image debian-9 that this project may use",
    ("flavor: hardway.node", "flavor: m1.huge"): (
        "openstack.flavor: there is no flavor m1.huge; there are: hardway.node"
    ),
    ("externalNetwork: public", "externalNetwork: outside"): (
        "openstack.externalNetwork: there is no external network outside; external networks here: public"
    ),
    ("user: debian", "user: debian\n  keyPair: mine\n  privateKey: k"): "openstack.keyPair: there is no key pair mine",
}


@pytest.mark.parametrize("change", MISSING)
async def test_what_must_be_there_and_is_not_is_named(change: tuple[str, str]) -> None:
    stage = changed(*change)
    assert MISSING[change] in await stage.obstacles()
    assert not stage.world.asked


async def test_obstacles_are_bad_input_all_of_them_told_and_nothing_touched() -> None:
    stage = Stage(parse(EXAMPLE.read_text().replace("debian-13", "debian-9").replace("hardway.node", "m1.huge")))
    stage.world.limits = {"/limits": limits(maxTotalInstances=5)}
    message = explain(Refused(tuple(await stage.obstacles())))
    assert message is not None
    assert message.code == BAD_INPUT
    told = "\n".join((message.what, *message.evidence))
    assert all(one in told for one in ("no image debian-9", "no flavor m1.huge", "quota of instances"))
    assert not stage.world.asked


async def test_no_balancers_in_the_catalog() -> None:
    stage = Stage(world=World(services=frozenset({"compute", "network", "image", "dns"})))
    (told,) = await stage.obstacles()
    assert told.startswith("balancer.kind: the catalog has no service load-balancer")


async def test_an_address_that_another_port_has() -> None:
    stage = Stage()
    network = stage.world.put("networks", {"name": stage.cluster.name, "project_id": PROJECT})
    subnet = {"name": stage.cluster.name, "project_id": PROJECT, "network_id": network["id"], "cidr": "10.0.0.0/24"}
    made = stage.world.put("subnets", {**subnet, "gateway_ip": "10.0.0.1"})
    address = {"fixed_ips": [{"subnet_id": made["id"], "ip_address": "10.0.0.11"}]}
    stage.world.put("ports", {"name": "theirs", "project_id": PROJECT, "security_groups": [], **address})
    assert await stage.obstacles() == ["hardway-master-1: 10.0.0.11 is taken by port theirs, which is not ours"]


async def test_what_is_not_ours_is_not_changed() -> None:
    stage = Stage()
    network = stage.world.put("networks", {"name": stage.cluster.name, "project_id": PROJECT})
    subnet = {"name": stage.cluster.name, "project_id": PROJECT, "network_id": network["id"], "cidr": "10.9.0.0/24"}
    stage.world.put("subnets", {**subnet, "gateway_ip": "10.9.0.1"})
    (told,) = await stage.obstacles()
    assert "it was there before and is not ours to change (cidr is 10.9.0.0/24, shall be 10.0.0.0/24)" in told


async def test_a_server_keeps_what_it_was_made_with() -> None:
    stage = Stage()
    await stage.run()
    stage.world.put("flavors", {"name": "m1.huge", "vcpus": 8, "ram": 1})
    stage.cluster = parse(EXAMPLE.read_text().replace("flavor: hardway.node", "flavor: m1.huge"))
    told = await stage.obstacles()
    assert len(told) == 6
    assert all("flavor is hardway.node, shall be m1.huge; a server keeps what it was made with" in one for one in told)
