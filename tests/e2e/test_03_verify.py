"""Each check of verify has its own thing broken: that very check is red, and no other that does not depend on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hardway.checks.registry import CHECKS
from hardway.checks.runner import CLEAN_UP
from hardway.spec.model import Cluster
from tests.e2e.conftest import BALANCERS, Driver, holders

pytestmark = pytest.mark.e2e


def on(machine: str, script: str) -> Callable[[Driver], object]:
    """Run a shell script on a machine."""
    return lambda cluster: cluster.on(machine, "sh", "-c", script)


def kubectl(*arguments: str) -> Callable[[Driver], object]:
    return lambda cluster: cluster.kubectl(*arguments)


def deny(kind: str, group: str, resource: str, operation: str) -> Callable[[Driver], object]:
    """An admission policy of the cluster's own that refuses one kind of request."""
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": [operation], "resources": [resource]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "broken on purpose"}],
    }
    api = "admissionregistration.k8s.io/v1"
    policy = {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": kind}, "spec": spec}
    bound = {"policyName": kind, "validationActions": ["Deny"]}
    binding = {"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": kind}, "spec": bound}

    def apply(cluster: Driver) -> None:
        file = cluster.folder / f"{kind}.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [policy, binding]}))
        cluster.kubectl("apply", "-f", str(file))
        time.sleep(3)  # each API server takes a new policy up when its own watch tells it, and says so nowhere

    return apply


def allow(kind: str) -> Callable[[Driver], object]:
    return kubectl("delete", f"validatingadmissionpolicybinding/{kind}", f"validatingadmissionpolicy/{kind}")


def follower(cluster: Driver) -> str:
    """A master that leads nothing, so that breaking it disturbs no leader."""
    leases = json.loads(cluster.kubectl("-n", "kube-system", "get", "leases", "-o", "json"))["items"]
    holders = {str(lease["spec"].get("holderIdentity", "")).split("_")[0] for lease in leases}
    return next(f"hardway-master-{n}" for n in range(3) if f"hardway-master-{n}" not in holders)


def on_follower(script: str) -> Callable[[Driver], object]:
    return lambda cluster: cluster.on(follower(cluster), "sh", "-c", script)


def idle_balancer(cluster: Driver) -> str:
    """The one without the API's address: who watches through the other needs some seconds to notice its end."""
    (idle,) = BALANCERS.difference(holders(cluster, BALANCERS))
    return idle


def both(cluster: Driver, first: Callable[[Driver], object], second: Callable[[Driver], object]) -> None:
    """One after the other."""
    first(cluster)
    second(cluster)


def up(cluster: Driver) -> object:
    """hardway mends it by itself."""
    return cluster.up()


ETCD = (
    "etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/etcd/pki/etcd-ca.pem "
    "--cert=/etc/etcd/pki/etcd-health-client.pem --key=/etc/etcd/pki/etcd-health-client-key.pem"
)
READY = (
    'timeout 90 sh -c \'until printf "GET /readyz HTTP/1.0\\r\\n\\r\\n"'
    ' | socat -T 5 - OPENSSL:127.0.0.1:6443,verify=0 2>/dev/null | grep -q "^HTTP/1.[01] 200"; do sleep 0.2; done\''
)
RESTART_API = f"systemctl restart kube-apiserver && {READY}"
"""systemd hears of the API server when it listens; it is ready some seconds later, and until then more is red than what
was broken."""
STRANGER = f"{ETCD} member list | awk -F', ' '/10.0.0.99/ {{ print $1 }}'"
IDENTITY_FIRST = (
    "sed -i 's/^  - identity: {}$//; s/^  providers:$/  providers:\\n  - identity: {}/' /etc/kubernetes/encryption.yaml"
    f" && {RESTART_API}"
)
DROP_EXAMPLE = "    acl example.com {\n        drop net 0.0.0.0/0\n    }\n}\n"
MASTERS = tuple(f"hardway-master-{n}" for n in range(3))


def everywhere(script: str) -> Callable[[Driver], object]:
    """On each master, one after another."""

    def run(cluster: Driver) -> None:
        for master in MASTERS:
            cluster.on(master, "sh", "-c", script)

    return run


def foreign_lease(cluster: Driver) -> None:
    """The scheduler's lease is held by nobody who exists, for a minute."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
    spec = {"holderIdentity": "nobody", "leaseDurationSeconds": 60, "renewTime": now}
    cluster.kubectl("-n", "kube-system", "patch", "lease", "kube-scheduler", "--patch", json.dumps({"spec": spec}))


def led_again(cluster: Driver) -> None:
    cluster.kubectl("-n", "kube-system", "delete", "lease", "kube-scheduler")
    end = time.monotonic() + 60
    while cluster("kubectl", "--", "-n", "kube-system", "get", "lease", "kube-scheduler", code=None).code:
        assert time.monotonic() < end, "no scheduler leads"
        time.sleep(0.5)


@dataclass(frozen=True)
class Break:
    """How one check's own thing is broken and mended."""

    check: str
    spoil: Callable[[Driver], object]
    mend: Callable[[Driver], object]
    also: frozenset[str] = frozenset()
    """Checks that look at that very thing too."""


BREAKS: tuple[Break, ...] = (
    Break(
        "machines",
        lambda cluster: cluster("lab", "kill", idle_balancer(cluster)),
        up,
    ),
    Break("units", on("hardway-worker-1", "systemctl stop hardway-pod-masquerade"), up),
    Break(
        "certificates",
        on_follower(
            "cd /etc/kubernetes/pki && cp kube-controller-manager-serving.pem kube-scheduler-serving.pem"
            " && cp kube-controller-manager-serving-key.pem kube-scheduler-serving-key.pem"
            " && chown kube-scheduler kube-scheduler-serving*.pem && systemctl restart kube-scheduler && sleep 2"
        ),
        up,
    ),
    Break(
        "etcd",
        on("hardway-master-0", f"{ETCD} member add stranger --learner --peer-urls=https://10.0.0.99:2380"),
        on("hardway-master-0", f"{ETCD} member remove $({STRANGER})"),
    ),
    Break(
        "api-servers",
        on_follower("systemctl stop kube-apiserver"),
        up,
        also=frozenset({"units", "certificates"}),  # the same thing is a unit that is not active, a port that is closed
    ),
    Break(
        "vip",
        on("hardway-worker-0", "iptables -I OUTPUT -d 10.0.0.100 -p tcp --dport 6443 -j REJECT"),
        on("hardway-worker-0", "iptables -D OUTPUT -d 10.0.0.100 -p tcp --dport 6443 -j REJECT"),
    ),
    Break("leaders", foreign_lease, led_again),
    Break("encryption", everywhere(IDENTITY_FIRST), up),
    Break(
        "nodes",
        lambda cluster: _apply(cluster, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "stranger"}}),
        kubectl("delete", "node", "stranger"),
    ),
    Break(
        "anonymous-api",
        on_follower(
            "sed -i 's/^\\( *\\)- path: \\/healthz$/&\\n\\1- path: \\/version/' /etc/kubernetes/authentication.yaml"
            f" && {RESTART_API}"
        ),
        up,
    ),
    Break(
        "anonymous-kubelets",
        on(
            "hardway-worker-2",
            "sed -i '/anonymous:/{n;s/enabled: false/enabled: true/}; s/mode: Webhook/mode: AlwaysAllow/'"
            " /etc/kubernetes/kubelet.yaml && systemctl restart kubelet && sleep 3",
        ),
        up,
    ),
    Break(
        "service-account-token",
        on_follower(f"cp /etc/kubernetes/pki/kubelet-ca.pem /etc/kubernetes/pki/service-account.pub && {RESTART_API}"),
        up,
    ),
    Break("pods", on("hardway-worker-2", "ctr -n k8s.io images rm hardway.internal/probe:2"), up),
    Break(
        "pod-to-pod",
        on("hardway-worker-2", "iptables -I FORWARD -s 10.244.20.0/24 -d 10.244.22.0/24 -j DROP"),
        on("hardway-worker-2", "iptables -D FORWARD -s 10.244.20.0/24 -d 10.244.22.0/24 -j DROP"),
    ),
    Break(
        "cluster-ip",
        on("hardway-worker-1", "iptables -t raw -I OUTPUT -d 10.32.0.0/24 -j DROP"),
        on("hardway-worker-1", "iptables -t raw -D OUTPUT -d 10.32.0.0/24 -j DROP"),
    ),
    Break(
        "node-port",
        # --syn: a masqueraded connection's own port may lie in that range, and its answers must come through
        on("hardway-worker-0", "iptables -t raw -I PREROUTING -p tcp --syn --dport 30000:32767 -j DROP"),
        on("hardway-worker-0", "iptables -t raw -D PREROUTING -p tcp --syn --dport 30000:32767 -j DROP"),
    ),
    Break("dns-inside", kubectl("-n", "kube-system", "scale", "deployment", "coredns", "--replicas=0"), up),
    Break(
        "dns-outside",
        lambda cluster: _corefile(cluster, lambda text: text.rstrip().rstrip("}") + DROP_EXAMPLE),
        lambda cluster: both(cluster, up, _restart_dns),
    ),
    Break(
        "logs",
        # pods' logs go to a file system that is full
        on(
            "hardway-worker-0",
            "mount -t tmpfs -o size=4k tmpfs /var/log/pods && head -c 4096 /dev/zero > /var/log/pods/full",
        ),
        on("hardway-worker-0", "umount --lazy /var/log/pods"),
    ),
    Break("exec", deny("no-exec", "", "pods/exec", "CONNECT"), allow("no-exec")),
    Break("port-forward", deny("no-forward", "", "pods/portforward", "CONNECT"), allow("no-forward")),
    Break(
        "webhook",
        deny("no-webhook", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "CREATE"),
        allow("no-webhook"),
    ),
    Break(
        "aggregated-api",
        deny("no-aggregated", "apiregistration.k8s.io", "apiservices", "CREATE"),
        allow("no-aggregated"),
    ),
    Break(
        CLEAN_UP,
        deny("no-clean-up", "", "namespaces", "DELETE"),
        lambda cluster: both(cluster, allow("no-clean-up"), _remove_verify_namespaces),
    ),
)


def _apply(cluster: Driver, body: object) -> None:
    file = cluster.folder / "object.json"
    file.write_text(json.dumps(body))
    cluster.kubectl("apply", "-f", str(file))


def _corefile(cluster: Driver, edit: Callable[[str], str]) -> None:
    text = json.loads(cluster.kubectl("-n", "kube-system", "get", "configmap", "coredns", "-o", "json"))["data"][
        "Corefile"
    ]
    patch = json.dumps({"data": {"Corefile": edit(text)}})
    cluster.kubectl("-n", "kube-system", "patch", "configmap", "coredns", "--patch", patch)
    _restart_dns(cluster)


def _restart_dns(cluster: Driver) -> None:
    cluster.kubectl("-n", "kube-system", "delete", "pods", "-l", "k8s-app=kube-dns")
    cluster.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=60s")


def _remove_verify_namespaces(cluster: Driver) -> None:
    names = cluster.kubectl("get", "namespaces", "-o", "name").split()
    ours = [name for name in names if "hardway-verify" in name]
    assert ours
    cluster.kubectl("delete", *ours)


def depending_on(name: str) -> set[str]:
    """The checks that come after this one, at any remove."""
    found = {name}
    for check in CHECKS:
        if found & set(check.after):
            found.add(check.name)
    return found - {name}


def test_every_check_has_its_break() -> None:
    """Of those that concern this cluster: it has no storage."""
    here = (check.name for check in CHECKS if check.concerns(Cluster(name="any")))
    assert [one.check for one in BREAKS] == [*here, CLEAN_UP]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: one.check)
def test_what_is_broken_is_red_and_nothing_else(cluster: Driver, broken: Break) -> None:
    try:
        broken.spoil(cluster)
        red, untried = settled(cluster, {broken.check} | broken.also)
    finally:
        broken.mend(cluster)
    assert set(red) == {broken.check} | broken.also, red
    assert untried <= depending_on(broken.check)


def settled(cluster: Driver, expected: set[str]) -> tuple[dict[str, str], set[str]]:
    """What is red in the end, and what is not tried. Where a break restarts API servers, whoever watched through them
    looks again by a back-off of its own (client-go's reflectors), and more is red for a moment."""
    end = time.monotonic() + 90
    while True:
        rows = cluster.verified()
        red = {row["check"]: row["evidence"] for row in rows if row["state"] == "failed"}
        untried = {row["check"] for row in rows if row["state"] == "not tried"}
        if set(red) == expected or time.monotonic() > end:
            return red, untried


def test_mended_everything_is_green_again(cluster: Driver) -> None:
    cluster.up()
    assert cluster.failing_checks() == {}
