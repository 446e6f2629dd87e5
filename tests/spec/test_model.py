"""The cluster that a spec describes: the article's defaults, what follows by arithmetic, JSON and back."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardway.spec.addresses import api_name, api_service_address, full_name, issuer, pod_range
from hardway.spec.dump import dump, from_json
from hardway.spec.load import load, parse
from hardway.spec.model import Cluster, Machines, Networks, Worker
from hardway.spec.rules import warnings
from hardway.spec.template import template
from tests.spec.faults_of import field, one_machine

EXAMPLES = Path(__file__).parents[2] / "examples"

DEFAULTS = {
    "name": "c",
    "machines": {
        "hardway-master-0": "10.0.0.10",
        "hardway-master-1": "10.0.0.11",
        "hardway-master-2": "10.0.0.12",
        "hardway-worker-0": "10.0.0.20",
        "hardway-worker-1": "10.0.0.21",
        "hardway-worker-2": "10.0.0.22",
        "hardway-lb-0": "10.0.0.30",
        "hardway-lb-1": "10.0.0.31",
    },
    "version": "1.37.2",
    "networks": ("10.0.0.0/24", "10.244.0.0/16", "10.32.0.0/24", "10.32.0.10"),
    "api": ("10.0.0.100", 6443),
    "domains": ("hardway.internal", "cluster.local"),
    "choices": ("haproxy", "ecdsa-p256", "secretbox", "vxlan", "iptables", "auto"),
}


def summary(cluster: Cluster) -> dict[str, object]:
    networks = cluster.networks
    return {
        "name": cluster.name,
        "machines": {machine.name: str(machine.address) for machine in cluster.all_machines},
        "version": cluster.kubernetes.version,
        "networks": tuple(str(each) for each in (networks.machines, networks.pods, networks.services, networks.dns)),
        "api": (str(cluster.api.address), cluster.api.port),
        "domains": (cluster.domain, cluster.cluster_domain),
        "choices": (
            cluster.balancer.kind,
            cluster.certificates.algorithm.value,
            cluster.encryption.provider,
            cluster.pod_network.backend,
            cluster.proxy.mode,
            cluster.sources.kind,
        ),
    }


def test_only_the_name_is_needed_and_the_rest_is_the_article_s() -> None:
    assert summary(parse("name: c\n")) == DEFAULTS


def test_the_template_parses_to_the_defaults() -> None:
    assert dump(parse(template("c"))) == dump(Cluster(name="c"))


def test_the_template_s_commented_lines_can_be_put_in() -> None:
    """Each `# key: value` with a comment behind it is a field with a value that is taken."""
    lines = [line.replace("# ", "", 1) if _is_offer(line) else line for line in template("c").splitlines()]
    offered = parse("\n".join(lines) + "\n")
    assert (offered.workers[2].pod_range, offered.api.floating_address) == (
        IPv4Network("10.244.22.0/24"),
        IPv4Address("203.0.113.10"),
    )
    assert offered.balancer.interface and offered.sources.mirror and offered.lab.mirror


def _is_offer(line: str) -> bool:
    return line.startswith("  ") and line.lstrip().startswith("# ")


def test_the_example_of_the_article_is_the_default_written_out() -> None:
    cluster = load(EXAMPLES / "lab.yaml")
    assert dump(cluster) == dump(Cluster(name="hardway"))
    assert warnings(cluster) == ()


def test_the_small_example_is_one_machine_of_each_role_and_warns() -> None:
    cluster = load(EXAMPLES / "small.yaml")
    assert (len(cluster.masters), len(cluster.workers), len(cluster.balancers)) == (1, 1, 1)
    assert [warning.split(":")[0] for warning in warnings(cluster)] == [
        "machines.masters",
        "machines.balancers",
        "machines.workers",
    ]


WARNINGS = {
    field("networks.pods", "172.17.0.0/16"): [
        "networks.pods: 172.17.0.0/16 collides with Docker's default bridge on any machine that runs Docker"
    ],
    field("networks.services", "8.8.8.0/24") + "  dns: 8.8.8.10\n": [
        "networks.services: 8.8.8.0/24 is not private: its real owners cannot be reached from the cluster"
    ],
    field("networks.pods", "100.64.0.0/16"): [],
    field("encryption.provider", "aescbc"): [
        "encryption.provider: aescbc, the article's, has no integrity and is open to padding oracles"
    ],
    field("encryption.provider", "aesgcm"): ["encryption.provider: aesgcm wants its key changed every 200,000 writes"],
    one_machine("masters"): [
        "machines.masters: one master: the API and etcd go when it goes; three bear the loss of one"
    ],
    one_machine("balancers"): [
        "machines.balancers: one balancer: the API's address goes when it goes; two take over from each other"
    ],
    one_machine("workers", more=", podRange: 10.244.9.0/26"): [
        "machines.workers: one worker: pods have nowhere to go when it goes",
        "machines.workers: a has room for 61 pods only, its kubelet takes 110",
    ],
    field("machines.workers", "[]"): ["machines.workers: no workers: nothing can run pods, the cluster DNS included"],
    "name: c\n": [],
}


@pytest.mark.parametrize(("text", "said"), WARNINGS.items())
def test_what_is_allowed_and_worth_knowing_is_said(text: str, said: list[str]) -> None:
    assert list(warnings(parse(text))) == said


POD_RANGES = [
    ("10.0.0.0/24", "10.244.0.0/16", "10.0.0.20", "10.244.20.0/24"),
    ("10.0.0.0/24", "172.17.0.0/16", "10.0.0.255", "172.17.255.0/24"),
    ("10.0.0.64/26", "10.244.0.0/16", "10.0.0.65", "10.244.1.0/24"),
    ("192.168.0.0/22", "10.244.0.0/14", "192.168.2.1", "10.246.1.0/24"),
    ("10.0.0.0/24", "10.244.4.0/22", "10.0.0.3", "10.244.7.0/24"),
]


@pytest.mark.parametrize(("machines", "pods", "address", "expected"), POD_RANGES)
def test_a_worker_s_pod_range_is_numbered_by_its_host_number(
    machines: str, pods: str, address: str, expected: str
) -> None:
    assert pod_range(*_with_worker(machines, pods, address)) == IPv4Network(expected)


def test_a_pod_range_that_has_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.244\.0\.0/20 has no /24 for host number 20"):
        pod_range(*_with_worker("10.0.0.0/24", "10.244.0.0/20", "10.0.0.20"))


def _with_worker(machines: str, pods: str, address: str) -> tuple[Cluster, Worker]:
    worker = Worker(name="w", address=IPv4Address(address))
    networks = Networks(machines=IPv4Network(machines), pods=IPv4Network(pods))
    return Cluster(name="c", machines=Machines(workers=(worker,)), networks=networks), worker


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 254), min_size=2, max_size=30))
def test_pod_ranges_of_different_workers_never_meet(numbers: set[int]) -> None:
    cluster = Cluster(name="c")
    workers = [Worker(name=f"w{n}", address=IPv4Address(f"10.0.0.{n}")) for n in numbers]
    ranges = [pod_range(cluster, worker) for worker in workers]
    assert sum(one.num_addresses for one in ipaddress.collapse_addresses(ranges)) == 256 * len(workers)
    assert all(one.subnet_of(cluster.networks.pods) for one in ranges)


def test_names_that_follow_from_the_spec() -> None:
    cluster = parse("name: c\ndomain: example.org\nclusterDomain: k.example\nnetworks: {services: 10.32.0.0/24}\n")
    assert full_name(cluster, cluster.masters[0]) == "hardway-master-0.example.org"
    assert api_name(cluster) == "kubernetes-the-hard-way.example.org"
    assert issuer(cluster) == "https://kubernetes.default.svc.k.example"
    assert api_service_address(cluster) == IPv4Address("10.32.0.1")


ROUND_TRIPS = (
    "name: c\n",
    one_machine("workers", more=", podRange: 10.244.9.0/24"),
    field("balancer.kind", "external"),
    field("flags.kubelet.v", "2"),
    field("api.floatingAddress", "203.0.113.1"),
    template("c"),
)


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_a_dump_reads_back_to_the_same_cluster(text: str) -> None:
    cluster = parse(text)
    again = from_json(dump(cluster))
    assert dump(again) == dump(cluster)
    assert again.all_machines == cluster.all_machines
    assert again.flags == cluster.flags


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": "c", "other": 1}', '{"name": "-"}'])
def test_what_is_no_dump_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)
