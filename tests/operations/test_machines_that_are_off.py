"""Machines that are off are started first; what is found on them only then is not done without anybody's consent."""

from __future__ import annotations

import json

import pytest

from hardway.operations.look import Picture
from hardway.operations.up import Declined, Refused, proposal, spec_digest, up
from hardway.operations.world import World
from hardway.plan.saved import SavedPlan, load_plan, plan_json
from tests.operations.conftest import WORKER, Cluster
from tests.simulated_world import Nobody

SYSCTL = f"sysctl:{WORKER}:net.ipv4.ip_forward"


class User:
    """Answers each question in turn, and keeps what was asked."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.asked: list[set[str]] = []

    def __call__(self, picture: Picture) -> bool:
        self.asked.append(set(picture.plan.ids))
        return self._answers.pop(0)


@pytest.fixture
def world(cluster: Cluster) -> World:
    """A worker is off, and when it was switched off something on it was not as wanted."""
    cluster.off.add(WORKER)
    cluster.alter(WORKER, b"net.ipv4.ip_forward 1", b"net.ipv4.ip_forward 0")
    return cluster.world()


async def saved(world: World) -> SavedPlan:
    return load_plan(json.dumps(plan_json((await proposal(world)).plan, world.cluster.name, spec_digest(world))))


async def test_what_is_found_on_a_started_machine_is_asked_about(cluster: Cluster, world: World) -> None:
    user = User(True, False)
    with pytest.raises(Declined, match="were started, and nothing else"):
        await up(world, Nobody(), user)
    assert user.asked == [{f"machine:{WORKER}:{WORKER}"}, {SYSCTL}]
    assert cluster.done == [WORKER]


async def test_a_saved_plan_is_not_gone_beyond(cluster: Cluster, world: World) -> None:
    with pytest.raises(Refused, match=f"needs more than the plan says.*\n{SYSCTL}: to change"):
        await up(world, Nobody(), User(), await saved(world))
    assert cluster.done == [WORKER]


async def test_a_saved_plan_that_says_all_is_applied(cluster: Cluster, world: World) -> None:
    cluster.alter(WORKER, b"net.ipv4.ip_forward 0", b"net.ipv4.ip_forward 1")
    assert (await up(world, Nobody(), User(), await saved(world))).steps == 1
    assert cluster.done == [WORKER]


async def test_who_agreed_to_all_is_asked_once(cluster: Cluster, world: World) -> None:
    cluster.alter(WORKER, b"net.ipv4.ip_forward 0", b"net.ipv4.ip_forward 1")
    user = User(True)
    assert (await up(world, Nobody(), user)).steps == 1
    assert len(user.asked) == 1
