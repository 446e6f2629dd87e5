"""Whatever is altered by hand is named by plan, exactly, and mended by up, exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import NAME, SPEC, Driver

pytestmark = pytest.mark.e2e

LAB = f"{NAME}-e2e"
MASTER, WORKER, OTHER_WORKER, LAST_WORKER = (
    "hardway-master-1",
    "hardway-worker-1",
    "hardway-worker-0",
    "hardway-worker-2",
)
BALANCER = "hardway-lb-1"
PACKAGES = "conntrack+ipset+iptables+kmod+nftables+socat"

OFFER_IPSET = (
    "mkdir -p /root/offered/ipset/DEBIAN && cd /root/offered"
    " && printf 'Package: ipset\\nVersion: 99\\nArchitecture: all\\nMaintainer: a test\\nDescription: nothing\\n'"
    " | tee Packages > ipset/DEBIAN/control && dpkg-deb --build ipset ipset.deb"
    " && printf 'Filename: ./ipset.deb\\nSize: %s\\nSHA256: %s\\n' $(stat -c %s ipset.deb)"
    " $(sha256sum ipset.deb | cut -d' ' -f1) >> Packages"
    " && echo 'deb [trusted=yes] file:/root/offered ./' > /etc/apt/sources.list"
)
"""A package of that name in a repository on the machine itself, which has no way out to a mirror (sources.list(5))."""


@dataclass(frozen=True)
class Alteration:
    """Something of one kind of resource, altered behind hardway's back, and the steps that mend it."""

    what: str
    machine: str
    command: str
    steps: frozenset[str]


def altered(what: str, machine: str, command: str, *steps: str) -> Alteration:
    """The steps are given without the machine: KIND NAME."""
    ids = (step.split(" ", 1) for step in steps)
    return Alteration(what, machine, command, frozenset(f"{kind}:{machine}:{name}" for kind, name in ids))


ALTERATIONS = (
    altered("content", WORKER, "echo '# mine' >> /etc/hosts", "file /etc/hosts"),
    altered("mode", MASTER, "chmod 0644 /etc/etcd/pki/etcd-server-key.pem", "file /etc/etcd/pki/etcd-server-key.pem"),
    altered("directory", WORKER, "chmod 0777 /var/lib/kubelet", "directory /var/lib/kubelet"),
    altered("stopped unit", WORKER, "systemctl stop kubelet.service", "unit kubelet.service"),
    altered(
        "disabled unit",
        MASTER,
        "systemctl disable kube-controller-manager.service",
        "unit kube-controller-manager.service",
    ),
    altered(
        "swapped certificate",
        OTHER_WORKER,
        "cp /etc/kubernetes/pki/kubelet-client.pem /etc/kubernetes/pki/kubelet-serving.pem",
        "file /etc/kubernetes/pki/kubelet-serving.pem",
        "unit kubelet.service",
    ),
    altered(
        "start that was cut off",
        "hardway-master-0",
        "rm /var/lib/hardway/started/hardway-pod-routes-end.service",
        "unit hardway-pod-routes-end.service",
    ),
    altered("sysctl", WORKER, "sysctl -w net.ipv4.ip_forward=0", "sysctl net.ipv4.ip_forward"),
    altered(
        "program",
        WORKER,
        "rm /usr/local/bin/kube-proxy",
        "program /usr/local/bin/kube-proxy",
        "unit kube-proxy.service",
    ),
    altered("host name", BALANCER, "hostname mine", "hostname hostname"),
    altered("image", WORKER, "ctr -n k8s.io images rm hardway.internal/probe:2", "image hardway.internal/probe:2"),
    altered(
        "user",
        MASTER,
        "userdel --force kube-scheduler",
        "user kube-scheduler",
        "file /etc/kubernetes/pki/kube-scheduler-key.pem",
        "file /etc/kubernetes/pki/kube-scheduler-serving-key.pem",
    ),
    altered(
        "package",
        LAST_WORKER,
        f"dpkg --remove --force-depends ipset && {OFFER_IPSET}",
        f"packages {PACKAGES}",
    ),
)
"""All kinds on machines but modules: those are this computer's, and it may need them for others."""


def test_alterations_on_machines(cluster: Driver) -> None:
    """All at once, none of them in another's way: what is said of one is said of that one alone."""
    for one in ALTERATIONS:
        cluster.on(one.machine, "sh", "-c", one.command)
    cluster.mends({step for one in ALTERATIONS for step in one.steps})
    assert "10.244.22.0/24" in routes(cluster), "starting what ends the routes takes none away for good"


def test_an_altered_file_of_the_operator(cluster: Driver) -> None:
    with (cluster.state / "kubeconfig").open("a") as file:
        file.write("# mine\n")
    cluster.mends({"state-file:operator:kubeconfig"})


def test_an_altered_network_of_the_lab(cluster: Driver) -> None:
    """Another prefix length: the machines are reached all the same."""
    ip = ("ip", "-n", f"hardway-{LAB}", "address")
    subprocess.run([*ip, "add", "10.0.0.1/25", "dev", "br0"], check=True)
    subprocess.run([*ip, "del", "10.0.0.1/24", "dev", "br0"], check=True)
    cluster.mends({f"lab-network:operator:{LAB}"})


def test_a_forward_that_is_gone(cluster: Driver) -> None:
    """It is the way to the API, so nothing is known of objects while it is gone: no more than they are in question."""
    for process in processes_of("_forward"):
        os.kill(process, signal.SIGKILL)
    steps = set(cluster.steps())
    surely = {step for step in steps if step.split(":")[0] not in ("object", "condition")}
    assert surely - {"state-file:operator:break-glass.kubeconfig"} == {
        f"forward:operator:{LAB}",
        "state-file:operator:kubeconfig",
    }
    cluster.mends(steps)


def processes_of(job: str) -> Iterator[int]:
    """The processes of one of the lab's jobs, by their control group in either version (cgroups(7))."""
    marks = (f"/hardway-{LAB}/{job}", f"/hardway-{LAB}.{job}")
    for group in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            text = group.read_text()
        except OSError:  # ended meanwhile
            continue
        if any(mark in text for mark in marks):
            yield int(group.parent.name)


def test_a_deleted_and_an_altered_object(cluster: Driver) -> None:
    cluster.kubectl("-n", "kube-system", "delete", "service", "kube-dns")
    cluster.kubectl("-n", "kube-system", "scale", "deployment", "coredns", "--replicas=1")
    steps = cluster.steps()
    assert {one.rsplit("/", 1)[1] for one in steps if one.startswith("object:")} == {"kube-dns", "coredns"}
    cluster.mends(set(steps))


def test_a_worker_that_is_no_longer_wanted_goes_with_all_that_was_said_of_it(cluster: Driver) -> None:
    """Its machine, its Node, the masters' routes to its pods; wanted again, it is a worker like any other."""
    kept = [{"name": name, "address": f"10.0.0.2{name[-1]}"} for name in (OTHER_WORKER, WORKER)]
    assert nodes(cluster) == {OTHER_WORKER, WORKER, LAST_WORKER}
    assert "10.244.22.0/24" in routes(cluster)
    try:
        cluster.spec.write_text(SPEC + yaml.safe_dump({"machines": {"workers": kept}}))
        steps = set(cluster.steps())
        assert f"machine:{LAST_WORKER}:{LAST_WORKER}" in steps
        assert f"object:operator:v1/Node//{LAST_WORKER}" in steps
        cluster.mends(steps)
        assert nodes(cluster) == {OTHER_WORKER, WORKER}
        assert "10.244.22.0/24" not in routes(cluster)
        assert "10.244.21.0/24" in routes(cluster)
        assert LAST_WORKER not in {one["name"] for one in cluster("lab", "status", "-o", "json").json}
    finally:
        cluster.spec.write_text(SPEC)
    cluster.up()
    assert cluster.steps() == []
    assert nodes(cluster) == {OTHER_WORKER, WORKER, LAST_WORKER}
    assert "10.244.22.0/24" in routes(cluster)
    assert cluster.failing_checks() == {}


def nodes(cluster: Driver) -> set[str]:
    items = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    return {item["metadata"]["name"] for item in items}


def routes(cluster: Driver) -> str:
    return cluster.on("hardway-master-0", "ip", "-4", "route", "show")


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
