"""A cluster is made from nothing, proves itself, and making it again changes nothing."""

from __future__ import annotations

import fcntl
import json

import pytest

from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e


def test_a_plan_before_anything_exists_shows_everything_and_touches_nothing(hardway: Driver) -> None:
    answer = hardway("plan", "-o", "json", code=3)
    steps = {step["id"]: step for step in answer.json["steps"]}
    assert {step["action"] for step in steps.values()} == {"create"}
    assert steps["unit:hardway-master-0:etcd.service"]["chapter"] == "etcd"
    assert not hardway.state.exists()


def test_up_makes_it_and_says_how_to_use_it(hardway: Driver) -> None:
    answer = hardway.up()
    assert "kubectl" in answer.out
    assert hardway("status", "-o", "json").json["steps"] == 0


def test_every_check_passes(cluster: Driver) -> None:
    assert cluster.failing_checks() == {}


def test_up_again_has_nothing_to_do_also_without_the_journal(cluster: Driver) -> None:
    assert "nothing to do" in cluster.up().out.lower()
    assert cluster("plan").code == 0
    cluster.journal.unlink()
    assert "nothing to do" in cluster.up().out.lower()


def test_the_nodes_are_the_workers_of_this_release(cluster: Driver) -> None:
    nodes = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    found = {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}
    assert found == {f"hardway-worker-{n}": "v1.37.2" for n in range(3)}


def test_no_key_of_an_authority_is_on_any_machine(cluster: Driver) -> None:
    """Whatever is under /etc and /var/lib/kubernetes, no private key there belongs to a CA."""
    for machine in ("hardway-master-0", "hardway-worker-0", "hardway-lb-0"):
        names = cluster.on(machine, "sh", "-c", "find /etc /var/lib/hardway -name '*ca*key*' -o -name '*ca.key'")
        assert names == ""


def test_a_second_run_at_the_same_time_is_refused_and_says_who_holds_it(cluster: Driver) -> None:
    with (cluster.state / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = cluster("up", "--yes", code=None)
    assert answer.code in (1, 2)
    assert "another" in answer.err or "holds" in answer.err


def test_a_change_that_a_living_cluster_cannot_take_is_refused(cluster: Driver) -> None:
    text = cluster.spec.read_text()
    try:
        cluster.spec.write_text(text + "networks: {pods: 10.245.0.0/16}\nclusterDomain: other.local\n")
        answer = cluster("up", "--yes", code=2)
        assert "networks.pods" in answer.err
        assert "clusterDomain" in answer.err
    finally:
        cluster.spec.write_text(text)
