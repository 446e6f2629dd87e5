"""The whole article: every object as it says, a cluster that works, what is broken by hand mended, and nothing left."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
import yaml

from tests.article.conftest import Article

pytestmark = pytest.mark.article

NAME = "kubernetes-the-hard-way"
MACHINES = {
    f"hardway-{role}-{n}": (f"10.0.0.{first + n}", f"192.168.0.{first + n}")
    for role, first in (("master", 10), ("worker", 20))
    for n in range(3)
}
"""Fixed and floating addresses."""
KILLED_AT = ("router", "port", "machine", "load-balancer", "member", "floating-address", "record")
"""Kinds of objects; `up` is killed while it makes the first of each."""


def test_up_that_is_killed_at_each_kind_goes_on(article: Article, before: dict[str, list[str]]) -> None:
    for kind in KILLED_AT:
        _up_killed_at(article, kind)


def _up_killed_at(article: Article, kind: str) -> None:
    process = article.start("up", "--yes")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None and not _begun(article, kind):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{kind} was never begun: {said}"


def _begun(article: Article, kind: str) -> bool:
    """Whether the last run has begun a step of that kind, by its journal."""
    import sqlite3

    if not article.journal.exists():
        return False
    with sqlite3.connect(f"file:{article.journal}?mode=ro", uri=True) as journal:
        try:
            sql = "SELECT count(*) FROM step WHERE run = (SELECT max(id) FROM run WHERE ended IS NULL) AND id LIKE ?"
            return bool(journal.execute(f"{sql} AND started IS NOT NULL", (f"{kind}:%",)).fetchone()[0])
        except sqlite3.OperationalError:
            return False  # it is being made


def test_every_object_is_there_exactly_once(made: Article, before: dict[str, list[str]]) -> None:
    now = made.listing()
    more = {kind: len(ids) - len(before[kind]) for kind, ids in now.items()}
    assert more == {
        "network": 1,
        "subnet": 1,
        "router": 1,
        "port": more["port"],  # beside ours those of the cloud: DHCP, gateways
        "security group": 3,
        "rule": 16,
        "floating ip": 7,
        "key pair": 1,
        "server group": 1,
        "server": 6,
        "load balancer": 1,
        "listener": 1,
        "pool": 1,
        "monitor": 1,
        "zone": 1,
    }
    assert len(made.openstack("loadbalancer", "member", "list", f"{NAME}-masters")) == 3


def test_addresses_are_the_articles(made: Article) -> None:
    leads = {one["Floating IP Address"]: one["Fixed IP Address"] for one in made.openstack("floating", "ip", "list")}
    assert leads == {**{outside: inside for inside, outside in MACHINES.values()}, "192.168.0.100": "10.0.0.100"}
    servers = made.openstack("server", "list")
    assert {one["Name"]: one["Status"] for one in servers} == dict.fromkeys(MACHINES, "ACTIVE")
    (balancer,) = made.openstack("loadbalancer", "list")
    assert (balancer["name"], balancer["vip_address"]) == (NAME, "10.0.0.100")


def test_names_lead_to_the_floating_addresses(made: Article) -> None:
    rows = made.openstack("recordset", "list", "bbrfkr.mydns.jp.", "--type", "A")
    found = {one["name"]: one["records"] for one in rows}
    wanted = {f"{name}.bbrfkr.mydns.jp.": outside for name, (_, outside) in MACHINES.items()}
    assert found == {**wanted, f"{NAME}.bbrfkr.mydns.jp.": "192.168.0.100"}


def test_there_is_nothing_more_to_do(made: Article) -> None:
    assert made.steps() == []


def test_verify_is_green(made: Article) -> None:
    assert made.failing_checks() == {}


def test_kubectl_goes_by_the_name_through_the_floating_address(made: Article) -> None:
    config = yaml.safe_load((made.state / "kubeconfig").read_text())
    (cluster,) = config["clusters"]
    assert cluster["cluster"]["server"] == f"https://{NAME}.bbrfkr.mydns.jp:6443"
    assert cluster["cluster"]["proxy-url"].startswith("socks5://127.0.0.1:")
    assert config["users"][0]["name"] == "admin"
    nodes = made.kubectl("get", "nodes", "-o", "name").split()
    assert sorted(nodes) == [f"node/hardway-worker-{n}" for n in range(3)]


def test_what_is_taken_away_by_hand_is_named_and_mended_alone(made: Article) -> None:
    """A rule that the cluster lives without for a while: etcd's would end the API, and the plan would say more."""
    group = f"{NAME}-workers"
    itself = made.openstack("security", "group", "show", group)["id"]
    rules = made.openstack("security", "group", "rule", "list", group, "--protocol", "tcp")
    metrics = next(
        one["ID"] for one in rules if (one["Port Range"], one["Remote Security Group"]) == ("10250:10250", itself)
    )
    made.do("loadbalancer", "member", "delete", f"{NAME}-masters", "hardway-master-1")
    made.do("security", "group", "rule", "delete", metrics)
    made.do("recordset", "delete", "bbrfkr.mydns.jp.", "hardway-worker-2.bbrfkr.mydns.jp.")
    assert sorted(made.steps()) == [
        "member:operator:hardway-master-1",
        "record:operator:hardway-worker-2.bbrfkr.mydns.jp.",
        f"security-rule:operator:{group}: ingress IPv4 tcp 10250 from {group}",
    ]
    made.up()
    assert made.steps() == []


def test_down_leaves_what_was_there_before(made: Article, before: dict[str, list[str]]) -> None:
    made("down", "--yes")
    assert made.listing() == before
    assert not made.state.exists()
    assert list(Path(made.folder).iterdir()) == [made.spec]
