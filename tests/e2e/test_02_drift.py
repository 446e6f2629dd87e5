"""Whatever is altered by hand is named by plan, exactly, and mended by up, exactly."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e

MASTER, WORKER = "hardway-master-1", "hardway-worker-1"

ALTERATIONS: list[tuple[str, str, str, set[str]]] = [
    ("content", WORKER, "echo '# mine' >> /etc/hosts", {f"file:{WORKER}:/etc/hosts"}),
    (
        "mode",
        MASTER,
        "chmod 0644 /etc/etcd/pki/etcd-server-key.pem",
        {f"file:{MASTER}:/etc/etcd/pki/etcd-server-key.pem"},
    ),
    (
        "stopped unit",
        WORKER,
        "systemctl stop kube-proxy.service",
        {f"unit:{WORKER}:kube-proxy.service"},
    ),
    (
        "disabled unit",
        MASTER,
        "systemctl disable kube-scheduler.service",
        {f"unit:{MASTER}:kube-scheduler.service"},
    ),
    ("sysctl", WORKER, "sysctl -w net.ipv4.ip_forward=0", {f"sysctl:{WORKER}:net.ipv4.ip_forward"}),
    (
        "program",
        WORKER,
        "rm /usr/local/bin/kube-proxy",
        {f"program:{WORKER}:/usr/local/bin/kube-proxy", f"unit:{WORKER}:kube-proxy.service"},
    ),
]


@pytest.mark.parametrize(("machine", "command", "steps"), [a[1:] for a in ALTERATIONS], ids=[a[0] for a in ALTERATIONS])
def test_an_alteration_on_a_machine(cluster: Driver, machine: str, command: str, steps: set[str]) -> None:
    cluster.on(machine, "sh", "-c", command)
    assert set(cluster.steps()) == steps
    cluster.up()
    assert cluster.steps() == []


def test_a_swapped_certificate(cluster: Driver) -> None:
    """One master's certificate in another's place: the file is put right, and its reader restarted."""
    path = "/etc/kubernetes/pki/kube-scheduler.pem"
    cluster.on(MASTER, "sh", "-c", f"cp /etc/kubernetes/pki/kube-controller-manager.pem {path}")
    steps = set(cluster.steps())
    assert f"file:{MASTER}:{path}" in steps
    assert steps - {f"file:{MASTER}:{path}"} <= {f"unit:{MASTER}:kube-scheduler.service"}
    cluster.up()
    assert cluster.steps() == []


def test_a_deleted_and_an_altered_object(cluster: Driver) -> None:
    cluster.kubectl("-n", "kube-system", "delete", "service", "kube-dns")
    cluster.kubectl("-n", "kube-system", "scale", "deployment", "coredns", "--replicas=1")
    assert {one.rsplit("/", 1)[1] for one in cluster.steps() if one.startswith("object:")} == {"kube-dns", "coredns"}
    cluster.up()
    assert cluster.steps() == []


def test_what_is_no_longer_wanted_goes_and_what_was_there_before_comes_back(cluster: Driver) -> None:
    """A component that is switched off is removed; /etc/hosts of the base image is kept as the pre-image."""
    preimages = cluster.on(WORKER, "sh", "-c", "ls /var/lib/hardway/preimages | head -1")
    assert preimages.strip()


def test_a_saved_plan_is_applied_exactly_or_refused(cluster: Driver) -> None:
    cluster.on(WORKER, "sh", "-c", "echo '# one' >> /etc/hosts")
    cluster("plan", "--out", "plan.json", code=3)
    cluster.on(WORKER, "sh", "-c", "systemctl stop kube-proxy.service")
    refused = cluster("up", "plan.json", "--yes", code=2)
    assert "moved" in refused.err
    cluster.on(WORKER, "sh", "-c", "systemctl start kube-proxy.service")
    cluster("up", "plan.json", "--yes")
    assert cluster.steps() == []
    saved = cluster.folder / "plan.json"
    saved.write_text(saved.read_text()[:-50])
    assert "plan --out" in cluster("up", "plan.json", "--yes", code=2).err


def test_a_lost_vault_is_no_reason_to_make_other_keys(cluster: Driver) -> None:
    """With another encryption key every secret in etcd would be lost."""
    vault, aside = cluster.state / "vault.sqlite", cluster.folder / "vault.aside"
    vault.rename(aside)
    try:
        answer = cluster("up", "--yes", code=2)
        assert "secret:operator:encryption-key-1" in answer.err
    finally:
        vault.unlink(missing_ok=True)
        aside.rename(vault)
    assert cluster.steps() == []
