"""What is done before machines are there to be looked at: all but what is on them, and what the API on them holds."""

from __future__ import annotations

from hardway.machines.provider import Operator
from hardway.openstack.provider import OpenStackProvider
from hardway.operations.look import not_on_machines
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


def test_also_where_some_machines_are_begun_and_others_not() -> None:
    """A run that was cut off between two servers: the API's objects must not be asked for."""
    everyone = frozenset(machine.name for machine in example().masters)
    assert kinds(everyone) == MADE_FIRST
    assert kinds(frozenset({OFF})) == MADE_FIRST
