"""A living cluster is changed, and nobody who uses it notices."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest
import yaml

from tests.e2e.conftest import SPEC, Driver

pytestmark = pytest.mark.e2e

PATH = "/api/v1/namespaces/default/configmaps/probe"
CHANGED = SPEC + "flags: {etcd: {snapshot-count: '20000'}}\napi: {extraNames: [api.example.test]}\n"


LOST = "etcdserver: request timed out"
"""What a write is told that was on its way to etcd's leader the moment that one handed over (raft drops it)."""


@dataclass
class Prober:
    """Writes and reads through the VIP ten times a second, each time over a new connection."""

    url: str
    context: ssl.SSLContext
    answers: int = 0
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(max(0.0, 0.1 - time.monotonic() % 0.1)):
            self._ask(self._write)
            self._ask(self._read)

    def _ask(self, request: Callable[[httpx.Client], httpx.Response]) -> None:
        try:
            with httpx.Client(base_url=self.url, verify=self.context, timeout=15) as client:
                answer = request(client)
        except httpx.HTTPError as fault:
            self.failures.append(f"{request.__name__}: {type(fault).__name__}: {fault}")
            return
        self.answers += 1
        if answer.status_code not in (200, 201):
            self.failures.append(f"{request.__name__}: {answer.status_code} {answer.text}")

    def _write(self, client: httpx.Client) -> httpx.Response:
        data = {"at": str(time.time())}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "data": data}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return client.patch(f"{PATH}?fieldManager=probe&force=true", content=yaml.safe_dump(body), headers=headers)

    def _read(self, client: httpx.Client) -> httpx.Response:
        return client.get(PATH)


def prober(cluster: Driver) -> Prober:
    access = cluster.state / "access"
    config = yaml.safe_load((cluster.state / "kubeconfig").read_text())
    url = config["clusters"][0]["cluster"]["server"]
    context = ssl.create_default_context(cafile=str(access / "kubernetes-ca.pem"))
    context.load_cert_chain(str(access / "admin.pem"), str(access / "admin-key.pem"))
    return Prober(url, context)


def test_an_etcd_flag_and_a_name_of_the_api_change_without_a_failed_request(cluster: Driver) -> None:
    probing = prober(cluster)
    thread = threading.Thread(target=probing.run)
    cluster.spec.write_text(CHANGED)
    steps = set(cluster.steps())
    for master in range(3):
        assert f"unit:hardway-master-{master}:etcd.service" in steps
        assert f"unit:hardway-master-{master}:kube-apiserver.service" in steps
        assert f"certificate:operator:kube-apiserver.hardway-master-{master}" in steps
    assert not [one for one in steps if "worker" in one]
    thread.start()
    try:
        cluster.up()
    finally:
        probing.stop.set()
        thread.join()
    lost = [failure for failure in probing.failures if LOST in failure]
    assert [failure for failure in probing.failures if failure not in lost] == []
    assert len(lost) <= 1, "etcd's leader changes hands once when each member restarts once"
    assert probing.answers > 20
    assert cluster.steps() == []
    names = cluster.on("hardway-master-0", "sh", "-c", "cat /etc/systemd/system/etcd.service")
    assert "--snapshot-count=20000" in names
    assert cluster.failing_checks() == {}
