"""A second operator with a copy of the state is refused before anything is done, and told who is at work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from hardway.engine.journal import Journal
from hardway.machines.lease import Leased
from hardway.operations.down import down
from hardway.operations.up import up
from tests.operations.conftest import MASTER, WORKER, Cluster
from tests.simulated_world import Nobody


@pytest.mark.parametrize("operation", [up, down])
async def test_who_comes_second_does_nothing(cluster: Cluster, operation: Callable[..., Awaitable[object]]) -> None:
    world = cluster.world()
    cluster.off.add(WORKER)
    cluster.holder = "up (process 7 of eve on another, since then)"
    with pytest.raises(Leased, match=f"at work on this cluster: up .process 7 of eve .* on {MASTER}"):
        await operation(world, Nobody(), lambda picture: True)
    assert cluster.done == []
    with closing(Journal(world.state.journal)) as journal:
        assert not list(journal.runs())
