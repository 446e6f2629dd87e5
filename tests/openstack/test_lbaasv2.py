"""A cloud that still has LBaaS v2 in Neutron: the same requests, to Neutron; its parts go one by one, for it knows no
cascade and no tags."""

from __future__ import annotations

from hardway.spec.load import parse
from tests.openstack.conftest import EXAMPLE, Stage
from tests.openstack.fake_cloud import SERVICES, World

PARTS = ("loadbalancers", "listeners", "pools", "members", "healthmonitors")


def stage() -> Stage:
    cluster = parse(EXAMPLE.read_text().replace("kind: octavia ", "kind: lbaasv2 "))
    assert cluster.balancer.kind == "lbaasv2"
    return Stage(cluster, World(services=SERVICES - {"load-balancer"}, provider="haproxy"))


async def test_the_balancer_is_made_once_by_neutron() -> None:
    made = stage()
    await made.run()
    assert made.world.balancing == {"network"}
    assert {part: len(made.world.of(part)) for part in PARTS} == {**dict.fromkeys(PARTS, 1), "members": 3}
    assert not any("tags" in one for part in PARTS for one in made.world.of(part))
    assert "max_retries_down" not in made.world.of("healthmonitors")[0]
    assert not (await made.look(made.provider())).steps


async def test_a_member_that_is_gone_is_mended() -> None:
    made = stage()
    await made.run()
    made.world.things["members"].pop(next(iter(made.world.things["members"])))
    assert {step.resource.kind for step in (await made.run()).steps} == {"member"}
    assert len(made.world.of("members")) == 3


async def test_down_leaves_nothing() -> None:
    made = stage()
    await made.run()
    await made.run(nothing_wanted=True)
    assert made.world.names() == {}


async def test_octavia_is_not_asked_for() -> None:
    assert await stage().obstacles() == []
