"""A cluster is made from nothing, proves itself, and making it again changes nothing."""

from __future__ import annotations

import fcntl
import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import BasicConstraints, Certificate, load_pem_x509_certificate

from hardway.state.store import load
from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e

MACHINES = (*(f"hardway-{role}-{n}" for role in ("master", "worker") for n in range(3)), "hardway-lb-0", "hardway-lb-1")
ALL_KEYS = (
    "{ grep -rlIs 'PRIVATE KEY-----' /etc /var/lib /usr/local /opt /root /home | grep -v /etc/ssh/ | xargs -r cat;"
    " grep -rhs 'client-key-data:' /etc /var/lib /root | awk '{ print $2 }' | xargs -rn1 sh -c 'echo $0 | base64 -d'; }"
)
"""Every private key of a machine but its own SSH host key, in files and within kubeconfigs."""


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
    """By the public halves: whatever a private key on a machine is called, it is no authority's."""
    authorities = [public_half(certificate) for certificate in authorities_of(cluster)]
    assert len(set(authorities)) == 4
    for machine in MACHINES:
        keys = private_keys(cluster.on(machine, "sh", "-c", ALL_KEYS))
        assert keys or "-lb-" in machine, f"not one private key was found on {machine}"
        assert not {*map(public_half, keys)}.intersection(authorities), machine


def authorities_of(cluster: Driver) -> list[Certificate]:
    """The vault's certificates that may sign others."""
    found = [
        load_pem_x509_certificate(value) for (kind, _), value in load(cluster.vault).items() if kind == "certificate"
    ]
    return [one for one in found if one.extensions.get_extension_for_class(BasicConstraints).value.ca]


def private_keys(text: str) -> list[PrivateKeyTypes]:
    """Every PEM block of a private key."""
    blocks = re.findall(r"-----BEGIN (?:EC |RSA |)PRIVATE KEY-----.*?PRIVATE KEY-----", text, re.DOTALL)
    return [load_pem_private_key(block.encode(), None) for block in blocks]


def public_half(of: PrivateKeyTypes | Certificate) -> bytes:
    return of.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


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
