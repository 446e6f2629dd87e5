"""down takes away also what does not answer, where nothing on it need be undone."""

from __future__ import annotations

import pytest

from hardway.machines.transport import Unreachable
from hardway.operations.down import down
from hardway.operations.up import proposal
from tests.operations.conftest import WORKER, Cluster
from tests.simulated_world import Nobody


async def test_a_machine_that_does_not_answer_is_taken_away_like_the_others(cluster: Cluster) -> None:
    names, world = cluster.names, cluster.world()
    cluster.silent.add(WORKER)
    await down(world, Nobody(), lambda picture: True)
    assert sorted(cluster.done) == sorted(f"-{name}" for name in names)
    assert not world.state.path.exists()


async def test_a_machine_that_stays_and_does_not_answer_is_no_ground_for_a_plan(cluster: Cluster) -> None:
    cluster.silent.add(WORKER)
    with pytest.raises(Unreachable, match=f"{WORKER}: it refuses connections"):
        await proposal(cluster.world())
