"""What is done before machines are there to be looked at: all but what is on them, and what the API on them holds."""

from __future__ import annotations

from hardway.machines.provider import Operator
from hardway.openstack.provider import OpenStackProvider
from hardway.operations.look import Picture, not_on_machines
from hardway.operations.up import to_begin_with
from hardway.operations.wanted import wanted
from hardway.plan.diff import make_plan
from hardway.resources.base import Seen
from tests.openstack.conftest import example

OFF = "hardway-master-0"


def kinds(off: frozenset[str] = frozenset()) -> set[str]:
    everything = wanted(example(), {}, OpenStackProvider(Operator()))
    seen = {f"machine:{name}:{name}": Seen(f"machine:{name}:{name}", {"running": "not yet"}) for name in off}
    return {
        step.resource.kind for step in not_on_machines(make_plan(everything, seen, lambda ref: None, (), off)).steps
    }


MADE_FIRST = {
    "blob",
    "certificate",
    "floating-address",
    "health-monitor",
    "key",
    "key-pair",
    "listener",
    "load-balancer",
    "machine",
    "member",
    "network",
    "pool",
    "port",
    "record",
    "router",
    "router-interface",
    "secret",
    "security-group",
    "security-rule",
    "server-group",
    "state-file",
    "subnet",
    "zone",
}


def test_the_clouds_objects_keys_and_programs_come_first() -> None:
    assert kinds() == MADE_FIRST


def test_a_balancer_that_is_not_done_is_not_left_for_later() -> None:
    """All servers are begun, and `up` was cut off before the API had its outside address: getting it breaks what is
    connected to the masters by then."""
    cluster, provider = example(), OpenStackProvider(Operator())
    everything = wanted(cluster, {}, provider)
    off = frozenset(machine.name for machine in cluster.all_machines)
    seen = {f"machine:{name}:{name}": Seen(f"machine:{name}:{name}", {"running": "not yet"}) for name in off}
    plan = make_plan(everything, seen, lambda ref: None, (), off)
    first = to_begin_with(provider, cluster, Picture(everything, seen, (), off, plan))
    assert {step.resource.kind for step in first.steps} == MADE_FIRST


def test_also_where_all_servers_run_already() -> None:
    cluster, provider = example(), OpenStackProvider(Operator())
    everything = wanted(cluster, {}, provider)
    servers = [one for one in everything if one.kind == "machine"]
    there = {one.id: Seen(one.id, {k: str(v) for k, v in one.attributes(lambda ref: b"").items()}) for one in servers}
    plan = make_plan(everything, there, lambda ref: None)
    first = to_begin_with(provider, cluster, Picture(everything, there, (), frozenset(), plan))
    assert "floating-address" in {step.resource.kind for step in first.steps}
    assert "unit" not in {step.resource.kind for step in first.steps}


def test_what_is_all_there_is_to_do_is_done_at_once() -> None:
    cluster, provider = example(), OpenStackProvider(Operator())
    everything = tuple(one for one in wanted(cluster, {}, provider) if one.kind == "record")
    plan = make_plan(everything, {}, lambda ref: None)
    assert plan.steps
    assert not to_begin_with(provider, cluster, Picture(everything, {}, (), frozenset(), plan))


def test_also_where_some_machines_are_begun_and_others_not() -> None:
    """A run that was cut off between two servers: the API's objects must not be asked for."""
    everyone = frozenset(machine.name for machine in example().masters)
    assert kinds(everyone) == MADE_FIRST
    assert kinds(frozenset({OFF})) == MADE_FIRST
