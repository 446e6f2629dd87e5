"""Tables of the checks' pure parts: what machines and the API answer, and what is judged of it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hardway.checks import workload
from hardway.checks.access import forwarded_port
from hardway.checks.certificates import differences, ports
from hardway.checks.check import Wrong
from hardway.checks.dns import judge_outside
from hardway.checks.encryption import encrypted
from hardway.checks.etcd import View, disagreements, etcdctl_settings, parse_view
from hardway.checks.leader import holder
from hardway.checks.nodes import node_faults
from hardway.checks.tokens import claims
from hardway.checks.units import not_active
from hardway.pki.wanted import wanted_pki
from hardway.resources.operator import Certificate
from hardway.spec.model import Cluster

CLUSTER = Cluster(name="test")

SHOWN = """\
Id=etcd.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success

Id=kubelet.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=exit-code

Id=gone.service
LoadState=not-found
ActiveState=inactive
SubState=dead
Result=success
"""


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["etcd.service"], []),
        (["kubelet.service"], ["kubelet.service is activating (auto-restart), exit-code"]),
        (["gone.service"], ["gone.service is not installed"]),
        (["never-shown.service"], ["never-shown.service is not installed"]),
    ],
)
def test_units(names: list[str], told: list[str]) -> None:
    assert not_active(SHOWN, names) == told


# As etcdctl 3.6 prints them.
STATUS = {
    "Endpoint": "https://10.0.0.10:2379",
    "Status": {
        "header": {"cluster_id": 1, "member_id": 2, "revision": 3, "raft_term": 4},
        "version": "3.6.16",
        "dbSize": 20480,
        "leader": 8211,
        "raftIndex": 9,
        "raftTerm": 4,
    },
}
MEMBERS = {
    "header": {},
    "members": [
        {"ID": 2, "name": "m0", "peerURLs": ["https://10.0.0.10:2380"], "clientURLs": ["https://10.0.0.10:2379"]},
        {"ID": 3, "peerURLs": ["https://10.0.0.11:2380"]},
    ],
}
HEALTH = {"endpoint": "https://10.0.0.10:2379", "health": True, "took": "5.1ms"}


def lines(*parts: Any) -> str:
    return "\n".join(json.dumps(part) for part in parts) + "\n"


def test_a_members_view_is_read() -> None:
    view = parse_view(lines([STATUS], MEMBERS, [HEALTH]))
    assert view == View(True, 8211, frozenset({"m0", "https://10.0.0.11:2380"}))


@pytest.mark.parametrize(
    "answered", ["", "{}", "not json\n{}\n[]", lines([], MEMBERS, [HEALTH]), lines([STATUS], 1, 2)]
)
def test_an_unreadable_view_is_wrong(answered: str) -> None:
    with pytest.raises(Wrong, match="cannot be read"):
        parse_view(answered)


ALL = frozenset({"m0", "m1"})


@pytest.mark.parametrize(
    ("views", "told"),
    [
        ({"m0": View(True, 7, ALL), "m1": View(True, 7, ALL)}, []),
        ({"m0": View(False, 7, ALL)}, ["m0: it is not healthy: no write goes through"]),
        ({"m0": View(True, 0, ALL)}, ["m0: it knows no leader"]),
        ({"m0": View(True, 7, frozenset({"m0"}))}, ["m0: its members are m0, not m0, m1"]),
        ({"m0": View(True, 7, ALL), "m1": View(True, 8, ALL)}, ["the members follow 2 leaders"]),
        ({"m0": View(True, 7, ALL, ("memberID:2 alarm:NOSPACE",))}, ["m0: memberID:2 alarm:NOSPACE"]),
    ],
)
def test_members_agree(views: dict[str, View], told: list[str]) -> None:
    assert disagreements(views, ALL) == told


def test_no_key_is_in_what_etcdctl_is_told() -> None:
    text = etcdctl_settings("10.0.0.10")
    assert "https://10.0.0.10:2379" in text
    assert "PRIVATE" not in text


@pytest.mark.parametrize(
    ("identity", "name"),
    [("hardway-master-1_0b1c", "hardway-master-1"), ("hardway-master-1.hardway.internal_9", "hardway-master-1")],
)
def test_the_leader_is_a_master(identity: str, name: str) -> None:
    assert holder(identity, {"hardway-master-1"}) == name


@pytest.mark.parametrize("identity", ["", "stranger_1", "hardway-master-10_1"])
def test_a_leader_that_is_no_master(identity: str) -> None:
    with pytest.raises(Wrong, match="which is no master"):
        holder(identity, {"hardway-master-1"})


def node(name: str, number: int, **changes: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": changes.get("ready", "True"), "message": "no network"}]
    return {
        "metadata": {"name": name},
        "spec": {"podCIDR": changes.get("pods", f"10.244.{number}.0/24")},
        "status": {
            "conditions": conditions,
            "nodeInfo": {"kubeletVersion": changes.get("version", "v1.37.2")},
            "addresses": [{"type": "InternalIP", "address": f"10.0.0.{number}"}, {"type": "Hostname", "address": name}],
        },
    }


W = [f"hardway-worker-{number}" for number in range(3)]
GOOD = [node(name, 20 + number) for number, name in enumerate(W)]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (GOOD, []),
        (GOOD[:2], [f"{W[2]}: it is no node"]),
        ([*GOOD, node("stranger", 99)], ["stranger: it is a node and no worker of ours"]),
        ([*GOOD[:2], node(W[2], 22, ready="False")], [f"{W[2]}: not Ready: no network"]),
        ([*GOOD[:2], node(W[2], 22, version="v1.36.3")], [f"{W[2]}: its version is v1.36.3 and not v1.37.2"]),
        (
            [*GOOD[:2], node(W[2], 22, pods="10.244.9.0/24")],
            [f"{W[2]}: its pod range is 10.244.9.0/24 and not 10.244.22.0/24"],
        ),
        ([*GOOD[:2], {"metadata": {"name": W[2]}}], None),
    ],
)
def test_nodes(found: list[dict[str, Any]], told: list[str] | None) -> None:
    faults = node_faults(CLUSTER, found)
    assert faults == told if told is not None else len(faults) == 4


def test_ciphertext_is_known_by_its_prefix() -> None:
    assert encrypted(b"k8s:enc:secretbox:v1:key1:\x00\x01", b"plain", "secretbox").startswith(
        "etcd holds k8s:enc:secretbox:v1:"
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"k8s\x00\n\x0c plain", "in the clear"),
        (b"k8s:enc:secretbox:v1:key1:plain", "in the clear"),
        (b"k8s:enc:aescbc:v1:key1:\x00", "and not with k8s:enc:secretbox:v1:"),
        (b"k8s\x00\n\x0c\n\x02v1", "and not with k8s:enc:secretbox:v1:"),
    ],
)
def test_what_is_not_ciphertext_is_wrong(raw: bytes, why: str) -> None:
    with pytest.raises(Wrong, match=why):
        encrypted(raw, b"plain", "secretbox")


WANTED = {"names": "a b", "issuer": "x", "life": "good"}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (WANTED, []),
        ({**WANTED, "life": "12 of 365 days left"}, []),
        ({**WANTED, "life": "expired 3 days ago"}, ["expired 3 days ago"]),
        ({**WANTED, "names": "a"}, ["its names is a, not a b"]),
        ({**WANTED, "issuer": "someone else"}, ["its issuer is someone else, not x"]),
    ],
)
def test_certificates_are_compared(seen: dict[str, str], told: list[str]) -> None:
    assert differences(WANTED, seen) == told


@pytest.mark.parametrize("cluster", [CLUSTER, Cluster.model_validate({"name": "c", "registry": {"kind": "lab"}})])
def test_every_serving_certificate_is_looked_at_on_some_port(cluster: Cluster) -> None:
    wanted = {one.certificate for one in wanted_pki(cluster) if isinstance(one, Certificate)}
    looked_at = {port.certificate for port in ports(cluster)}
    serving = {
        one.certificate for one in wanted_pki(cluster) if isinstance(one, Certificate) and "server" in one.usages
    }
    assert looked_at == serving
    assert looked_at <= wanted


@pytest.mark.parametrize(
    ("worker", "pod", "told"),
    [
        (True, "192.0.2.7", "example.com is 192.0.2.7"),
        (False, "192.0.2.7", "example.com is 192.0.2.7"),
        (False, "probe-x says 502: lookup example.com.: no such host", "pods are told so at once"),
        (False, "probe-x says 502: lookup example.com.: server misbehaving", "pods are told so at once"),
    ],
)
def test_outside_names(worker: bool, pod: str, told: str) -> None:
    assert told in judge_outside(worker, pod)


@pytest.mark.parametrize(
    ("worker", "pod", "why"),
    [
        (True, "probe-x says 502: lookup example.com.: no such host", "its pod does not"),
        (True, "probe-x says 502: lookup example.com. on 10.32.0.10:53: i/o timeout", "i/o timeout"),
        (False, "probe-x says 502: lookup example.com. on 10.32.0.10:53: i/o timeout", "i/o timeout"),
    ],
)
def test_outside_names_that_pods_do_not_get(worker: bool, pod: str, why: str) -> None:
    with pytest.raises(Wrong, match=why):
        judge_outside(worker, pod)


def test_the_forwarded_port() -> None:
    assert forwarded_port("Forwarding from 127.0.0.1:40001 -> 8080\n") == 40001
    with pytest.raises(Wrong, match="error: lost connection"):
        forwarded_port("error: lost connection\n")


def test_claims_of_a_token() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"iss": "https://x"}).encode()).rstrip(b"=").decode()
    assert claims(f"e30.{payload}.sig") == {"iss": "https://x"}


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.!!!.c"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(Wrong, match="no JSON Web Token"):
        claims(token)


def test_the_webhook_reaches_no_other_namespace() -> None:
    pair = workload.serving_pair("space", datetime.now(UTC))
    (hook,) = workload.webhook("space", "abc", pair)["webhooks"]
    label = workload.namespace("space", "abc")["metadata"]["labels"]
    assert hook["namespaceSelector"] == {"matchLabels": label}
    assert "PRIVATE" not in repr(pair)


def test_the_deployment_has_one_pod_a_worker_and_is_available_only_with_all_of_them() -> None:
    spec = workload.deployment("space", "image", 3)["spec"]
    (apart,) = spec["template"]["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (3, "Recreate")
    assert apart["topologyKey"] == "kubernetes.io/hostname"
    assert apart["labelSelector"] == spec["selector"]
