"""What somebody changed by hand is found, named, and mended alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hardway.openstack.cloud import Body
from tests.openstack.conftest import Stage
from tests.openstack.fake_cloud import World

ONE = "kubernetes-the-hard-way"


def gone(collection: str, name: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        del world.things[collection][named(world, collection, name)["id"]]

    return change


def other(collection: str, name: str, **fields: object) -> Callable[[World], None]:
    def change(world: World) -> None:
        named(world, collection, name).update(fields)

    return change


def named(world: World, collection: str, name: str) -> Body:
    """By its name, or its address."""
    return next(one for one in world.of(collection) if name in (one.get("name"), one.get("floating_ip_address")))


def a_rule_of_theirs(world: World) -> None:
    group = next(one for one in world.of("security-groups") if one["name"] == f"{ONE}-masters")
    rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 1, "port_range_max": 2}
    world.put("security-group-rules", {**rule, "security_group_id": group["id"]})


MASTER = "hardway-master-0"
DRIFT = {
    "a member that is gone": (gone("members", MASTER), {f"member:operator:{MASTER}"}),
    "a record that is gone": (
        gone("recordsets", f"{ONE}.bbrfkr.mydns.jp."),
        {f"record:operator:{ONE}.bbrfkr.mydns.jp."},
    ),
    "a record that says something else": (
        other("recordsets", f"{MASTER}.bbrfkr.mydns.jp.", records=["192.0.2.1"]),
        {f"record:operator:{MASTER}.bbrfkr.mydns.jp."},
    ),
    "a monitor that is gone": (gone("healthmonitors", f"{ONE}-readyz"), {f"health-monitor:operator:{ONE}-readyz"}),
    "a monitor that asks too seldom": (
        other("healthmonitors", f"{ONE}-readyz", delay=60),
        {f"health-monitor:operator:{ONE}-readyz"},
    ),
    "a monitor that is too patient": (
        other("healthmonitors", f"{ONE}-readyz", max_retries_down=3),
        {f"health-monitor:operator:{ONE}-readyz"},
    ),
    "an address that leads nowhere": (
        other("floatingips", "192.168.0.10", port_id=None),
        {f"floating-address:operator:{MASTER}"},
    ),
    "an address that is gone": (gone("floatingips", "192.168.0.10"), {f"floating-address:operator:{MASTER}"}),
    "a port without its group": (other("ports", MASTER, security_groups=[]), {f"port:operator:{MASTER}"}),
    "a port without its pods": (
        other("ports", "hardway-worker-0", allowed_address_pairs=[]),
        {"port:operator:hardway-worker-0"},
    ),
    "a rule of theirs": (
        a_rule_of_theirs,
        {f"security-rule:operator:{ONE}-masters: ingress IPv4 tcp 1-2 from anywhere"},
    ),
    "a server that is off": (other("servers", MASTER, status="SHUTOFF"), {f"machine:{MASTER}:{MASTER}"}),
    "a pool that spreads otherwise": (
        other("pools", f"{ONE}-masters", lb_algorithm="LEAST_CONNECTIONS"),
        {f"pool:operator:{ONE}-masters"},
    ),
}


@pytest.mark.parametrize("case", DRIFT)
async def test_drift_is_named_and_mended_alone(case: str) -> None:
    change, ids = DRIFT[case]
    stage = Stage()
    await stage.run()
    change(stage.world)
    assert (await stage.look(stage.provider())).ids == ids
    assert (await stage.run()).ids == ids
    assert not (await stage.look(stage.provider())).steps
