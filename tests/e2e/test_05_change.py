"""A living cluster is changed, and nobody who uses it notices."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import NAME, SPEC, Driver
from tests.e2e.probers import Api, Asked, Prober

pytestmark = pytest.mark.e2e

CHANGED = SPEC + "flags: {etcd: {snapshot-count: '20000'}}\napi: {extraNames: [api.example.test]}\n"
LOST = "etcdserver: request timed out"
"""What a write is told that was on its way to etcd's leader the moment that one handed over: raft drops it."""
MEMBERS = tuple(f"https://10.0.0.1{n}:2379" for n in range(3))


def api(cluster: Driver) -> Api:
    """The API through the forward and the VIP, as the admin."""
    access = cluster.state / "access"
    config = yaml.safe_load((cluster.state / "kubeconfig").read_text())
    context = ssl.create_default_context(cafile=str(access / "kubernetes-ca.pem"))
    context.load_cert_chain(str(access / "admin.pem"), str(access / "admin-key.pem"))
    return Api(config["clusters"][0]["cluster"]["server"], context)


@contextmanager
def quorum_polled(cluster: Driver, seen: Asked) -> Iterator[None]:
    """etcd's members are asked from within the machines' network; what was seen is put into `seen` at the end."""
    folder = cluster.folder / "etcd"
    folder.mkdir(mode=0o700)
    for name, path in (("ca", "etcd-ca"), ("client", "etcd-health-client"), ("client-key", "etcd-health-client-key")):
        (folder / f"{name}.pem").write_text(cluster.on("hardway-master-0", "cat", f"/etc/etcd/pki/{path}.pem"))
    inside = ("nsenter", f"--net=/run/netns/hardway-{NAME}-e2e", sys.executable, "-m", "tests.e2e.probers")
    root, pipe = Path(__file__).parents[2], subprocess.PIPE
    with subprocess.Popen([*inside, str(folder), *MEMBERS], cwd=root, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield
        finally:
            told, _ = process.communicate(timeout=300)
    vars(seen).update(json.loads(told))


def test_an_etcd_flag_and_a_name_of_the_api_change_without_a_failed_request(cluster: Driver) -> None:
    cluster.spec.write_text(CHANGED)
    steps = set(cluster.steps())
    for master in range(3):
        assert f"unit:hardway-master-{master}:etcd.service" in steps
        assert f"unit:hardway-master-{master}:kube-apiserver.service" in steps
        assert f"certificate:operator:kube-apiserver.hardway-master-{master}" in steps
    assert not [one for one in steps if "worker" in one]
    quorum, asked = Asked(), api(cluster)
    with quorum_polled(cluster, quorum), Prober(asked.write) as writes, Prober(asked.read) as reads:
        cluster.up()
    lost = [one for one in writes.seen.wrong if LOST in one]
    assert len(lost) <= 1, "etcd's leader changes hands once when each member restarts once"
    for seen, forgiven in ((writes.seen, lost), (reads.seen, []), (quorum, [])):
        assert [one for one in seen.wrong if one not in forgiven] == []
        assert seen.complete
    assert cluster.steps() == []
    unit = cluster.on("hardway-master-0", "cat", "/etc/systemd/system/etcd.service")
    assert "--snapshot-count=20000" in unit
    assert cluster.failing_checks() == {}
