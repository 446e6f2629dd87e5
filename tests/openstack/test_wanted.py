"""What the example wants of its cloud, as it is told in the plan: a change of it shows as a reviewed diff.

UPDATE_GOLDEN=1 (or `make golden`) writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hardway.openstack.naming import Names
from hardway.openstack.openings import wanted_groups
from hardway.openstack.resources.network import Port
from hardway.openstack.resources.security import SecurityGroupRule
from hardway.openstack.wanted import Ground, wanted
from hardway.openstack.wanted_api import api_url
from hardway.plan.diff import make_plan
from hardway.resources.base import Ref
from hardway.spec.load import parse
from hardway.spec.model import Cluster
from tests.openstack.conftest import EXAMPLE, example

GOLDEN = Path(__file__).parent / "golden" / "plan.txt"


def told(cluster: Cluster) -> str:
    """Each step in one line, and what it shall be."""
    plan = make_plan(wanted(cluster, Ground()), {}, lambda ref: None)
    lines = (
        f"{step.id}: " + ", ".join(f"{one.attribute} {one.after}" for one in step.differences) for step in plan.steps
    )
    return "".join(f"{line}\n" for line in lines)


def test_the_examples_objects_are_as_they_were_reviewed() -> None:
    text = told(example())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "`make golden`, and review the difference"


RULES = {
    "masters": {
        "egress IPv4 any to anywhere",
        "egress IPv6 any to anywhere",
        "ingress IPv4 tcp 22 from anywhere",
        "ingress IPv4 tcp 6443 from anywhere",
        "ingress IPv4 tcp 2379 from masters",
        "ingress IPv4 tcp 2380 from masters",
    },
    "workers": {
        "egress IPv4 any to anywhere",
        "egress IPv6 any to anywhere",
        "ingress IPv4 tcp 22 from anywhere",
        "ingress IPv4 tcp 10250 from masters",
        "ingress IPv4 tcp 10250 from workers",
        "ingress IPv4 tcp from masters",
        "ingress IPv4 udp 8472 from workers",
    },
    "api": {
        "egress IPv4 any to anywhere",
        "egress IPv6 any to anywhere",
        "ingress IPv4 tcp 6443 from anywhere",
    },
}


def rules(cluster: Cluster) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in wanted_groups(cluster):
        if isinstance(one, SecurityGroupRule):
            name, text = one.group.removeprefix(f"{cluster.name}-"), str(one.opening)
            found.setdefault(name, set()).add(text.replace(f"{cluster.name}-", ""))
    return found


def test_each_role_lets_in_what_it_needs_and_no_more() -> None:
    assert rules(example()) == RULES


NARROWED: dict[str, tuple[str, str, set[str], set[str]]] = {
    "the API for some, and always for the machines": (
        "  apiFrom: [203.0.113.0/24]\n",
        "masters",
        {"ingress IPv4 tcp 6443 from 203.0.113.0/24", "ingress IPv4 tcp 6443 from 10.0.0.0/24"},
        {"ingress IPv4 tcp 6443 from anywhere"},
    ),
    "SSH for some": (
        "  sshFrom: [203.0.113.0/24]\n",
        "workers",
        {"ingress IPv4 tcp 22 from 203.0.113.0/24"},
        {"ingress IPv4 tcp 22 from anywhere"},
    ),
    "node ports": (
        "  nodePortsFrom: [203.0.113.0/24]\n",
        "workers",
        {"ingress IPv4 tcp 30000-32767 from 203.0.113.0/24"},
        set(),
    ),
    "host-gw": (
        "podNetwork: {backend: host-gw}\n",
        "workers",
        {"ingress IPv4 any from 10.244.0.0/16"},
        {"ingress IPv4 udp 8472 from workers"},
    ),
}


@pytest.mark.parametrize("case", NARROWED)
def test_what_is_let_in_follows_the_spec(case: str) -> None:
    more, group, come, go = NARROWED[case]
    assert rules(example(more))[group] == (RULES[group] | come) - go


def test_pods_may_stand_behind_their_workers_ports_and_nothing_behind_masters() -> None:
    ports = {one.label: one.behind for one in wanted(example(), Ground()) if isinstance(one, Port)}
    assert ports["hardway-worker-1"] == ("10.244.21.0/24",)
    assert ports["hardway-master-1"] == ()


def kinds(cluster: Cluster, *, designate: bool = True) -> set[str]:
    return {one.kind for one in wanted(cluster, Ground(designate))}


def test_without_designate_there_are_no_records() -> None:
    assert {"zone", "record"}.isdisjoint(kinds(example(), designate=False))


def test_existing_servers_want_only_what_stands_before_them() -> None:
    cluster = example("  servers: existing\n  privateKey: key\n")
    made = {"load-balancer", "listener", "pool", "member", "health-monitor", "floating-address", "zone", "record"}
    assert kinds(cluster) == {*made, "machine", "state-file"}


def test_addresses_that_the_cloud_picks_are_referred_to() -> None:
    text = EXAMPLE.read_text() + "  floatingAddresses: any\n"
    for number in ("10", "11", "12", "20", "21", "22"):
        text = text.replace(f", floatingAddress: 192.168.0.{number}", "")
    cluster = parse(text.replace("  floatingAddress: 192.168.0.100\n", ""))
    assert "floating-address:operator:hardway-worker-2: target port:operator:hardway-worker-2\n" in told(cluster)
    assert "record:operator:hardway-worker-2.bbrfkr.mydns.jp.: address (known after apply)" in told(cluster)
    reference = Ref("floating-address:operator:kubernetes-the-hard-way", "address")
    assert api_url(cluster, by_name=False).parts == ("https://", reference, ":6443")


def test_the_api_has_its_name_or_an_address() -> None:
    cluster = example()
    by_name = api_url(cluster, by_name=True).shown(lambda ref: b"kubernetes-the-hard-way.bbrfkr.mydns.jp")
    assert by_name == "https://kubernetes-the-hard-way.bbrfkr.mydns.jp:6443"
    assert api_url(cluster, by_name=False).shown(lambda ref: b"192.168.0.100") == "https://192.168.0.100:6443"


def test_names_may_be_chosen() -> None:
    names = Names.of(example("  network: ours\n  subnet: nodes\n  router: out\n"))
    assert (names.network, names.subnet, names.router) == ("ours", "nodes", "out")
