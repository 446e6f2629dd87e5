"""What is wrong on every master at once, so that nothing works any more: one `up` mends it."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from hardway.app import load_cluster
from hardway.components.layout import ETCD_PKI, PKI
from hardway.pki import names
from hardway.pki.make import issue, public_pem, signer
from hardway.pki.wanted import wanted_pki
from hardway.resources.operator import Certificate
from hardway.state import store
from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e

EXPIRED = {
    names.ETCD_SERVER: f"{ETCD_PKI}/etcd-server.pem",
    names.ETCD_PEER: f"{ETCD_PKI}/etcd-peer.pem",
    names.API_SERVER: f"{PKI}/kube-apiserver.pem",
}
TWO_YEARS_AGO = datetime.now(UTC) - timedelta(days=730)
ETCDCTL = (
    f"ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 ETCDCTL_CACERT={ETCD_PKI}/etcd-ca.pem "
    f"ETCDCTL_CERT={ETCD_PKI}/etcd-health-client.pem ETCDCTL_KEY={ETCD_PKI}/etcd-health-client-key.pem etcdctl"
)


def masters(cluster: Driver) -> list[str]:
    return [machine.name for machine in load_cluster(cluster.spec).masters]


def expire(cluster: Driver) -> set[str]:
    """Put certificates that ended a year ago into the vault and onto the masters; answers their ids."""
    vault = cluster.state / "vault.sqlite"
    entries = store.load(vault)
    wanted = {one.certificate: one for one in wanted_pki(load_cluster(cluster.spec)) if isinstance(one, Certificate)}
    ended = {}
    for master in masters(cluster):
        for use, path in EXPIRED.items():
            one = wanted[names.on(use, master)]
            authority = signer(entries["key", one.authority], entries["certificate", one.authority])
            key = entries["key", one.certificate]
            ended[one.certificate] = issue(one, public_pem(key), authority, TWO_YEARS_AGO)
            text = base64.b64encode(ended[one.certificate]).decode()
            cluster.on(master, "sh", "-c", f"echo {text} | base64 -d > {path}")
    store.change(vault, {("certificate", name): pem for name, pem in ended.items()})
    return {f"certificate:operator:{name}" for name in ended}


def green_again(cluster: Driver) -> None:
    """Whoever watches the API (CoreDNS, kube-proxy) looks at it again by its own back-off once it was away: client-go's
    reflectors wait 30 s at most, with as much again for jitter."""
    end = time.monotonic() + 120
    while failing := cluster.failing_checks():
        assert time.monotonic() < end, failing


def test_what_has_expired_on_every_master_is_mended_by_one_up(cluster: Driver) -> None:
    expired = expire(cluster)
    for master in masters(cluster):
        # Killed, since an API server that is asked to stop goes on answering for some seconds.
        cluster.on(master, "systemctl", "kill", "--signal=KILL", "etcd.service", "kube-apiserver.service")
    plan = cluster("plan", "-o", "json", code=3).json
    assert expired <= {step["id"] for step in plan["steps"]}
    objects = [step for step in plan["steps"] if step["kind"] == "object"]
    assert objects
    assert {step["reason"] for step in objects} == {"not looked at: the API does not answer, or not to us"}
    cluster.up()
    assert cluster.steps() == []
    green_again(cluster)


def test_members_that_hang_on_every_master_restart_together(cluster: Driver) -> None:
    """They run and do not answer, and no one's restart alone brings etcd back."""
    for master in masters(cluster):
        cluster.on(master, "sh", "-c", "echo '# altered' >> /etc/systemd/system/etcd.service")
        cluster.on(master, "systemctl", "kill", "--signal=STOP", "etcd.service")
    cluster.up()
    assert cluster.steps() == []
    green_again(cluster)


def test_a_leader_of_etcd_that_is_stopped_has_handed_over_before(cluster: Driver) -> None:
    leader = _leader(cluster)
    cluster.on(leader, "systemctl", "restart", "etcd.service")
    said = cluster.on(leader, "journalctl", "-o", "cat", "-u", "etcd.service", "-n", "2000")
    assert said.rindex("Leadership transferred from") < said.rindex("closing etcd server")
    assert _leader(cluster) != leader


def _leader(cluster: Driver) -> str:
    answered = cluster.on(masters(cluster)[0], "sh", "-c", f"{ETCDCTL} endpoint status --cluster -w json")
    statuses = [one["Status"] for one in json.loads(answered)]
    members = cluster.on(masters(cluster)[0], "sh", "-c", f"{ETCDCTL} member list -w json")
    by_id = {one["ID"]: one["name"] for one in json.loads(members)["members"]}
    name: str = by_id[statuses[0]["leader"]]
    return name
