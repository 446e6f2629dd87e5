"""What `plan` and `up` refuse, both by the same look."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from hardway.operations.up import Refused, proposal
from hardway.operations.world import World
from hardway.spec.dump import dump
from tests.operations.conftest import Cluster


def applied_with_other_pods(world: World) -> None:
    """The spec that was applied last had another pod range."""
    networks = world.cluster.networks.model_copy(update={"pods": IPv4Network("10.64.0.0/10")})
    world.state.remember(dump(world.cluster.model_copy(update={"networks": networks})))


async def test_what_is_in_place_is_proposed_nothing(cluster: Cluster) -> None:
    assert not (await proposal(cluster.world())).plan


async def test_a_change_that_a_living_cluster_cannot_take_is_refused(cluster: Cluster) -> None:
    world = cluster.world()
    applied_with_other_pods(world)
    with pytest.raises(Refused, match=r"networks\.pods"):
        await proposal(world)


async def test_it_is_refused_where_nobody_can_see_whether_the_cluster_lives(cluster: Cluster) -> None:
    world = cluster.world()
    applied_with_other_pods(world)
    cluster.off.update(cluster.names)
    with pytest.raises(Refused, match=r"networks\.pods"):
        await proposal(world)


async def test_what_a_first_run_that_failed_had_remembered_binds_nobody(cluster: Cluster) -> None:
    world = cluster.world()
    applied_with_other_pods(world)
    for name in cluster.names:
        (cluster.folder / name).unlink()
    assert (await proposal(world)).plan


async def test_keys_that_a_living_cluster_hangs_on_are_not_made_anew(cluster: Cluster) -> None:
    world = cluster.world()
    world.state.vault.unlink()
    with pytest.raises(Refused, match="keys of a living cluster are missing"):
        await proposal(world)
