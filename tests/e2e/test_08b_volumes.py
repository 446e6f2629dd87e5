"""A volume of local storage outlives its pod, its worker's reboot and drain, and comes back from a copy."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardway.components.storage import VOLUMES
from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e

NOTE = "kept: 日本語"
WITHIN = "--timeout=120s"


def claim(name: str) -> dict[str, Any]:
    """Of the default class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}},
    }


def pod(name: str) -> dict[str, Any]:
    """A pod that runs as a user of its own, with the claim of the same name at /data."""
    container = {
        "name": "probe",
        "image": "hardway.internal/probe:2",
        "imagePullPolicy": "Never",
        "args": ["serve"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "securityContext": {"runAsUser": 1234},
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
        },
    }


class Storage:
    """The cluster with local storage, as these tests use it."""

    def __init__(self, cluster: Driver) -> None:
        self.cluster = cluster

    def make(self, body: dict[str, Any]) -> None:
        subprocess.run(
            self.cluster.command("kubectl", "--", "create", "-f", "-"),
            cwd=self.cluster.folder,
            input=json.dumps(body),
            text=True,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def started(self, name: str) -> None:
        self.make(pod(name))
        self.ready(name)

    def ready(self, name: str) -> None:
        self.cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", WITHIN)

    def gone(self, name: str) -> None:
        self.cluster.kubectl("delete", "pod", name, "--wait", WITHIN)

    def put(self, name: str, text: str) -> None:
        self.cluster.kubectl("exec", name, "--", "/probe", "put", "/data/note", text)

    def get(self, name: str) -> str:
        return self.cluster.kubectl("exec", name, "--", "/probe", "get", "/data/note")

    def volume(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.cluster("volumes", "ls", "-o", "json").json if one["claim"] == name]
        return found  # type: ignore[no-any-return]  # it is JSON

    def uid(self, name: str) -> str:
        return self.cluster.kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}")


@pytest.fixture(scope="module")
def storage(other: Driver) -> Iterator[Storage]:
    yield Storage(other)
    for kind in ("pod", "pvc"):
        other.kubectl("delete", kind, "--all", "--wait", WITHIN, code=None)


@pytest.fixture
def written(storage: Storage) -> str:
    """The worker that has the volume `data`, in which a pod of that name has written a note."""
    if not storage.cluster.kubectl("get", "pvc", "data", "--ignore-not-found"):
        storage.make(claim("data"))
    if not storage.cluster.kubectl("get", "pod", "data", "--ignore-not-found"):
        storage.started("data")
    storage.put("data", NOTE)
    node: str = storage.volume("data")["node"]
    return node


def test_a_claim_waits_for_its_first_pod_and_is_then_a_folder_of_its_worker(storage: Storage) -> None:
    storage.make(claim("data"))
    assert (storage.volume("data")["status"], storage.volume("data")["node"]) == ("Pending", "")
    storage.started("data")
    found = storage.volume("data")
    assert (found["status"], found["storage_class"], found["pods"]) == ("Bound", "local", ["data"])
    assert found["node"] == storage.cluster.kubectl("get", "pod", "data", "-o", "jsonpath={.spec.nodeName}")
    assert found["path"] == f"{VOLUMES}/{found['volume']}"
    storage.put("data", NOTE)
    assert storage.cluster.on(found["node"], "cat", f"{found['path']}/note") == NOTE


def test_what_was_written_outlives_the_pod(storage: Storage, written: str) -> None:
    before = storage.uid("data")
    storage.gone("data")
    storage.started("data")
    assert storage.uid("data") != before
    assert storage.get("data") == NOTE


def test_it_outlives_a_power_cut_of_its_worker(storage: Storage, written: str) -> None:
    lab = storage.cluster
    before = lab.on(written, "cat", "/etc/machine-id"), lab.on(written, "stat", "-c", "%y", "/run/systemd")
    lab("lab", "kill", written)
    lab("lab", "start", written)
    after = lab.on(written, "cat", "/etc/machine-id"), lab.on(written, "stat", "-c", "%y", "/run/systemd")
    assert before[0] == after[0]
    assert before[1] != after[1], "it did not boot anew"
    lab.up()
    storage.ready("data")
    read = _eventually(
        lambda: storage.cluster("kubectl", "--", "exec", "data", "--", "/probe", "get", "/data/note", code=None).out
    )
    assert read == NOTE


def _eventually(read: Any) -> str:
    """What is read once something is: a pod whose worker has just booted is Ready by what was seen of it before."""
    end = time.monotonic() + 120
    while not (found := read()):
        assert time.monotonic() < end
    return str(found)


def test_it_outlives_a_drain_and_the_pod_waits_for_its_worker(storage: Storage, written: str) -> None:
    lab = storage.cluster
    lab.kubectl("drain", written, "--ignore-daemonsets", "--force", "--delete-emptydir-data", WITHIN)
    try:
        storage.make(pod("data"))
        lab.kubectl("wait", "--for=condition=PodScheduled=False", "pod/data", WITHIN)
    finally:
        lab.kubectl("uncordon", written)
    storage.ready("data")
    assert storage.get("data") == NOTE


def test_it_outlives_the_control_plane(storage: Storage, written: str) -> None:
    lab = storage.cluster
    lab.on("m0", "systemctl", "restart", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    lab.up()
    storage.gone("data")
    storage.started("data")
    assert storage.get("data") == NOTE


def test_a_copy_comes_back_into_its_claim_and_into_another_on_another_worker(
    storage: Storage, written: str, tmp_path: Path
) -> None:
    lab = storage.cluster
    refused = lab("volumes", "backup", "data", "--to", str(tmp_path), code=2)
    assert "in use by data" in refused.err
    storage.gone("data")
    lab("volumes", "backup", "data", "--to", str(tmp_path))
    (archive,) = tmp_path.glob("*.tar.gz")
    storage.started("data")
    storage.put("data", "written over")
    storage.gone("data")
    assert "is not empty" in lab("volumes", "restore", str(archive), code=2).err
    lab("volumes", "restore", str(archive), "--replace")
    storage.started("data")
    assert storage.get("data") == NOTE
    (elsewhere,) = {"w0", "w1"} - {written}
    lab("volumes", "restore", str(archive), "default/second", "--node", elsewhere)
    storage.started("second")
    assert storage.get("second") == NOTE
    assert storage.volume("second")["node"] == elsewhere


def test_a_volume_goes_with_its_claim_and_its_folder_with_it(storage: Storage, written: str) -> None:
    lab, path = storage.cluster, storage.volume("data")["path"]
    storage.gone("data")
    lab.on(written, "sh", "-c", f"mkdir -m 0 {path}/closed && chown 77 {path}/closed && touch {path}/closed/x")
    lab.kubectl("delete", "pvc", "data", "--wait", WITHIN)
    end = time.monotonic() + 60
    while lab.on(written, "ls", VOLUMES):
        assert time.monotonic() < end
    assert [one["claim"] for one in lab("volumes", "ls", "-o", "json").json] == ["second"]


def test_what_cannot_be_kept_is_refused_by_the_provisioner(storage: Storage, other: Driver) -> None:
    """A claim that asks for more than a folder of one worker can be says why, and has no volume."""
    shared = claim("shared")
    shared["spec"]["accessModes"] = ["ReadWriteMany"]
    storage.make(shared)
    storage.make(pod("shared"))
    told = _eventually(
        lambda: other.kubectl(
            "get", "events", "--field-selector=involvedObject.name=shared,reason=ProvisioningFailed", "-o", "name"
        )
    )
    assert told
    assert storage.volume("shared")["status"] == "Pending"


def test_nothing_is_left_to_do(storage: Storage, other: Driver) -> None:
    assert other.steps() == []
