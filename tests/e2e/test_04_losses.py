"""A master is lost, a balancer is lost, and the cluster goes on; started again, all is as it was."""

from __future__ import annotations

import time

import pytest

from tests.e2e.conftest import BALANCERS, Driver, holders

pytestmark = pytest.mark.e2e


def eventually_answers(cluster: Driver, within: float) -> None:
    """The API through the VIP answers within so many seconds."""
    end = time.monotonic() + within
    while cluster("kubectl", "--", "get", "--raw", "/readyz", "--request-timeout=2s", code=None).code:
        assert time.monotonic() < end, f"no answer through the VIP for {within} s"


def test_a_master_is_lost(cluster: Driver) -> None:
    cluster("lab", "kill", "hardway-master-1")
    try:
        eventually_answers(cluster, 15)
        cluster.kubectl("create", "configmap", "written-without-a-master")
        cluster.kubectl("delete", "configmap", "written-without-a-master")
    finally:
        cluster("lab", "start", "hardway-master-1")
    cluster.up()
    assert cluster.failing_checks() == {}


def test_the_balancer_that_holds_the_address_is_lost(cluster: Driver) -> None:
    (holder,) = holders(cluster, BALANCERS)
    (other,) = BALANCERS - {holder}
    cluster("lab", "kill", holder)
    try:
        eventually_answers(cluster, 15)
        assert holders(cluster, [other]) == [other]
    finally:
        cluster("lab", "start", holder)
    cluster.up()
    assert cluster.failing_checks() == {}


def test_up_starts_a_machine_that_is_off(cluster: Driver) -> None:
    cluster("lab", "kill", "hardway-worker-2")
    assert cluster.steps() == ["machine:hardway-worker-2:hardway-worker-2"]
    cluster.up()
    assert cluster.steps() == []
