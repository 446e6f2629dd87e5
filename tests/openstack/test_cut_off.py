"""Made once, whatever happens: every object is made exactly once, also by runs that were cut off at any request."""

from __future__ import annotations

import pytest

from hardway.plan.steps import Action
from tests.openstack.conftest import Stage
from tests.openstack.fake_cloud import PowerCut

MADE = {
    "networks": 1,
    "subnets": 1,
    "routers": 1,
    "ports": 6 + 2,  # the router's, the VIP's
    "security-groups": 3,
    "security-group-rules": 16,
    "os-keypairs": 1,
    "os-server-groups": 1,
    "servers": 6,
    "floatingips": 7,
    "loadbalancers": 1,
    "listeners": 1,
    "pools": 1,
    "members": 3,
    "healthmonitors": 1,
    "zones": 1,
    "recordsets": 7,
}


def counted(stage: Stage) -> dict[str, int]:
    return {name: len(names) for name, names in stage.world.names().items()}


async def test_everything_is_made_once_and_then_there_is_nothing_to_do() -> None:
    stage = Stage()
    plan = await stage.run()
    assert {step.action for step in plan.steps} == {Action.CREATE}
    assert counted(stage) == MADE
    assert not (await stage.look(stage.provider())).steps


async def test_down_leaves_nothing() -> None:
    stage = Stage()
    await stage.run()
    await stage.run(nothing_wanted=True)
    assert stage.world.names() == {}


async def test_down_leaves_what_was_there_before() -> None:
    stage = Stage()
    before = stage.world.put("zones", {"name": "bbrfkr.mydns.jp.", "status": "ACTIVE"})
    await stage.run()
    assert len(stage.world.of("zones")) == 1
    await stage.run(nothing_wanted=True)
    assert stage.world.names() == {"zones": [before["name"]]}


async def _requests() -> int:
    stage = Stage()
    await stage.run()
    return sum(stage.world.asked.values())


@pytest.mark.parametrize("part", range(8))
async def test_a_run_that_is_cut_off_anywhere_is_taken_up_by_the_next(part: int) -> None:
    """Before and after each changing request in turn; an eighth of the points a case, so that a failure is near."""
    points = 2 * await _requests()
    for crash in range(part, points, 8):
        stage = Stage()
        stage.world.crash_after = crash
        with pytest.raises(PowerCut):
            await stage.run()
        stage.world.crash_after = -1
        await stage.run()
        assert counted(stage) == MADE, f"cut off at {crash}"
        assert not (await stage.look(stage.provider())).steps, f"cut off at {crash}"


async def test_a_down_that_is_cut_off_anywhere_is_ended_by_the_next() -> None:
    stage = Stage()
    await stage.run()
    stage.world.asked.clear()
    await stage.run(nothing_wanted=True)
    points = 2 * sum(stage.world.asked.values())
    for crash in range(0, points, 5):
        stage = Stage()
        await stage.run()
        stage.world.crash_after = crash
        with pytest.raises(PowerCut):
            await stage.run(nothing_wanted=True)
        stage.world.crash_after = -1
        await stage.run(nothing_wanted=True)
        assert stage.world.names() == {}, f"cut off at {crash}"
