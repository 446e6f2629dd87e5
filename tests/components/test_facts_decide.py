"""What a machine is decides what it gets: cgroup version, MTU, name servers, container or not."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.components.render import render
from hardway.resources.base import Resource
from hardway.resources.host import Packages, SwapOff, Unit
from hardway.spec.model import Cluster, PodNetwork
from tests.components.conftest import resources_of

CLUSTER = Cluster(name="c")
CONTAINER = replace(DEFAULT_FACTS, container=True, restricted_oom=True)


def texts(facts: Facts, cluster: Cluster = CLUSTER) -> Mapping[str, str]:
    return render(resources_of(cluster, facts))


def kubelet(facts: Facts) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(texts(facts)["hardway-worker-0/etc/kubernetes/kubelet.yaml"])
    return loaded


def runc(facts: Facts) -> dict[str, Any]:
    config = tomllib.loads(texts(facts)["hardway-worker-0/etc/containerd/config.toml"])
    options: dict[str, Any] = config["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["runc"]
    return options["options"]  # type: ignore[no-any-return]  # TOML has no types


def kinds(facts: Facts, kind: type[Resource]) -> list[Resource]:
    return [one for one in resources_of(CLUSTER, facts) if isinstance(one, kind)]


@pytest.mark.parametrize(
    ("facts", "driver", "systemd", "refuses_v1"),
    [
        (replace(DEFAULT_FACTS, cgroup="v2"), "systemd", True, None),
        (replace(DEFAULT_FACTS, cgroup="v1"), "cgroupfs", False, False),
    ],
    ids=["v2", "v1"],
)
def test_kubelet_and_containerd_make_cgroups_the_same_way(
    facts: Facts, driver: str, systemd: bool, refuses_v1: bool | None
) -> None:
    assert kubelet(facts)["cgroupDriver"] == driver
    assert runc(facts)["SystemdCgroup"] is systemd
    assert kubelet(facts).get("failCgroupV1") is refuses_v1


def test_where_scores_may_not_be_lowered_nobody_asks_for_it() -> None:
    restricted = texts(CONTAINER)
    assert "OOMScoreAdjust" not in restricted["hardway-worker-0/etc/systemd/system/containerd.service"]
    assert "restrict_oom_score_adj = true" in restricted["hardway-worker-0/etc/containerd/config.toml"]
    assert kubelet(CONTAINER)["oomScoreAdj"] == 0
    assert "OOMScoreAdjust=-999" in texts(DEFAULT_FACTS)["hardway-worker-0/etc/systemd/system/containerd.service"]


@pytest.mark.parametrize(
    ("backend", "mtu", "expected"), [("vxlan", 1500, 1450), ("host-gw", 1500, 1500), ("vxlan", 1442, 1392)]
)
def test_pods_packets_fit_into_the_network_that_carries_them(backend: str, mtu: int, expected: int) -> None:
    cluster = Cluster(name="c", pod_network=PodNetwork.model_validate({"backend": backend}))
    conflist = texts(replace(DEFAULT_FACTS, mtu=mtu), cluster)["hardway-worker-1/etc/cni/net.d/10-hardway.conflist"]
    assert json.loads(conflist)["plugins"][0]["mtu"] == expected


@pytest.mark.parametrize(("nameservers", "forwards"), [(("192.0.2.53",), True), ((), False)])
def test_dns_forwards_only_where_there_is_somebody_to_forward_to(nameservers: tuple[str, ...], forwards: bool) -> None:
    config = texts(replace(DEFAULT_FACTS, nameservers=nameservers))
    corefile = config["operator/objects/kube-system-ConfigMap-coredns.yaml"]
    assert ("forward ." in corefile) is forwards


def test_a_changed_corefile_is_a_changed_template() -> None:
    name = "operator/objects/kube-system-Deployment-coredns.yaml"
    assert texts(DEFAULT_FACTS)[name] != texts(replace(DEFAULT_FACTS, nameservers=()))[name]


def test_a_container_leaves_its_hosts_swap_and_clock_alone() -> None:
    assert kinds(CONTAINER, SwapOff) == []
    assert "systemd-timesyncd.service" not in {one.name for one in kinds(CONTAINER, Unit)}
    assert len(kinds(DEFAULT_FACTS, SwapOff)) == len(CLUSTER.workers)


@pytest.mark.parametrize(
    ("time_unit", "ours"), [(None, True), ("systemd-timesyncd.service", True), ("chrony.service", False)]
)
def test_a_clock_that_is_kept_stays_with_who_keeps_it(time_unit: str | None, ours: bool) -> None:
    units = {one.name for one in kinds(replace(DEFAULT_FACTS, time_unit=time_unit), Unit)}
    assert ("systemd-timesyncd.service" in units) is ours


def test_packages_are_called_as_the_distribution_calls_them() -> None:
    def called(os_id: str) -> set[str]:
        wanted = kinds(replace(DEFAULT_FACTS, os_id=os_id), Packages)
        return {name for one in wanted if isinstance(one, Packages) for name in one.names}

    assert "conntrack" in called("debian")
    assert "conntrack-tools" in called("rocky")
    assert "conntrack" not in called("rocky")


def test_the_address_goes_to_the_interface_that_the_machine_has() -> None:
    config = texts(replace(DEFAULT_FACTS, interface="ens3"))["hardway-lb-0/etc/keepalived/keepalived.conf"]
    assert "    interface ens3\n" in config
