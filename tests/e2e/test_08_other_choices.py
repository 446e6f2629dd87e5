"""A cluster of other choices than the defaults, and everything on it works: each is made once for real."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from hardway.state.store import load
from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e


def test_a_machine_loses_its_power_in_the_middle_of_up(other_lab: Driver) -> None:
    """The next `up` is that of the fixture `other`, on which all below is proved."""
    with other_lab.start("up", "--yes") as running:
        assert running.stdout is not None
        assert any("w1: + program" in line for line in running.stdout), "nothing was done on w1"
        other_lab("lab", "kill", "w1")
        out, err = running.communicate(timeout=300)
    assert running.returncode == 1, out + err
    assert "w1" in err
    assert "Traceback" not in err


def test_every_check_passes(other: Driver) -> None:
    assert other.failing_checks() == {}
    assert other.steps() == []


def test_the_pod_network_routes_from_worker_to_worker(other: Driver) -> None:
    """host-gw: no tunnel, the other worker's range is by its own address."""
    assert "10.244.21.0/24 via 10.0.0.21 dev eth0" in other.on("w0", "ip", "route", "show")
    assert "flannel" not in other.on("w0", "ip", "-brief", "link", "show", "type", "vxlan")


def test_services_are_rules_of_nftables(other: Driver) -> None:
    assert "table ip kube-proxy" in other.on("w0", "nft", "list", "tables")
    assert "KUBE-SERVICES" not in other.on("w0", "iptables-save", "-t", "nat")


def test_secrets_are_written_with_the_cipher_that_was_chosen(other: Driver) -> None:
    other.kubectl("create", "secret", "generic", "chosen", "--from-literal=key=plain")
    etcdctl = (
        "etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/etcd/pki/etcd-ca.pem"
        " --cert=/etc/etcd/pki/etcd-health-client.pem --key=/etc/etcd/pki/etcd-health-client-key.pem"
        " get --print-value-only /registry/secrets/default/chosen | head -c 24"
    )
    assert other.on("m0", "sh", "-c", etcdctl).startswith("k8s:enc:aesgcm:v1:")


def test_every_key_is_of_the_algorithm_that_was_chosen(other: Driver) -> None:
    pems = [pem for (kind, _), pem in load(other.vault).items() if kind == "certificate"]
    keys = [load_pem_x509_certificate(pem).public_key() for pem in pems]
    assert keys
    assert {key.key_size if isinstance(key, RSAPublicKey) else str(key) for key in keys} == {2048}


def test_nobody_of_ours_holds_the_address(other: Driver) -> None:
    """kind external: no balancer is made; what answers there is somebody else's."""
    machines = {one["name"] for one in other("lab", "status", "-o", "json").json}
    assert machines == {"m0", "w0", "w1"}
