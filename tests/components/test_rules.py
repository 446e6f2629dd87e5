"""What must hold of all that components want together, whatever the spec and the machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.pki.names import ETCD_CA, FRONT_PROXY_CA, KUBELET_CA, KUBERNETES_CA, REGISTRY_CA
from hardway.pki.wanted import wanted_pki
from hardway.plan.order import edges, sorted_by_edges
from hardway.resources.base import Resource
from hardway.resources.host import File, Program, Unit
from hardway.spec.model import Cluster, Flags, Machine, Machines
from tests.components.conftest import resources_of

AUTHORITIES = (KUBERNETES_CA, ETCD_CA, FRONT_PROXY_CA, KUBELET_CA, REGISTRY_CA)


def masters(count: int) -> tuple[Machine, ...]:
    return tuple(Machine(name=f"m{n}", address=IPv4Address(f"10.0.0.{10 + n}")) for n in range(count))


CLUSTERS: dict[str, Cluster] = {
    "the article's": Cluster(name="c"),
    "one master": Cluster(name="c", machines=Machines(masters=masters(1))),
    "five masters": Cluster(name="c", machines=Machines(masters=masters(5))),
    "external balancer": Cluster.model_validate({"name": "c", "balancer": {"kind": "external"}}),
    "nftables": Cluster.model_validate({"name": "c", "proxy": {"mode": "nftables"}}),
    "host-gw": Cluster.model_validate({"name": "c", "podNetwork": {"backend": "host-gw"}}),
    "aescbc": Cluster.model_validate({"name": "c", "encryption": {"provider": "aescbc"}}),
    "rsa": Cluster.model_validate({"name": "c", "certificates": {"algorithm": "rsa-2048"}}),
    "more names": Cluster.model_validate({"name": "c", "api": {"extraNames": ["api.example.test"]}}),
    "a registry": Cluster.model_validate({"name": "c", "registry": {"kind": "lab"}}),
    "a registry on a worker": Cluster.model_validate(
        {"name": "c", "registry": {"kind": "lab", "machine": "hardway-worker-1"}}
    ),
    "somebody's registry": Cluster.model_validate(
        {"name": "c", "registry": {"kind": "external", "url": "https://registry.example"}}
    ),
    "more flags": Cluster(name="c", flags=Flags(etcd={"snapshot-count": "20000"}, kubelet={"v": "4"})),
}

FACTS: dict[str, Facts] = {
    "a server": DEFAULT_FACTS,
    "cgroup v1": replace(DEFAULT_FACTS, cgroup="v1"),
    "a container": replace(DEFAULT_FACTS, restricted_oom=True, container=True, nameservers=()),
    "SELinux": replace(DEFAULT_FACTS, os_id="rocky", os_version="9", selinux=True),
}


@pytest.fixture(params=[(c, f) for c in CLUSTERS for f in FACTS if c == "the article's" or f == "a server"], ids=str)
def everything(request: pytest.FixtureRequest) -> Sequence[Resource]:
    """All resources of a cluster but the provider's."""
    cluster, facts = CLUSTERS[request.param[0]], FACTS[request.param[1]]
    return (*wanted_pki(cluster), *resources_of(cluster, facts))


def of(resources: Sequence[Resource], kind: type[Any]) -> list[Any]:
    return [one for one in resources if isinstance(one, kind)]


def test_nothing_is_wanted_twice_and_nothing_waits_for_itself(everything: Sequence[Resource]) -> None:
    ids = [one.id for one in everything]
    assert len(ids) == len(set(ids))
    assert len(sorted_by_edges(edges(everything))) == len(ids)


def test_no_key_of_an_authority_leaves_the_operator(everything: Sequence[Resource]) -> None:
    keys = {f"key:operator:{name}" for name in AUTHORITIES}
    assert not [f.id for f in of(everything, File) for ref in f.content.refs if ref.resource in keys and ref.secret]


def test_every_reference_is_to_something_that_is_wanted(everything: Sequence[Resource]) -> None:
    ids = {one.id for one in everything}
    strange = {ref.resource for one in everything for ref in one.refs} - ids
    assert {one for one in strange if not one.startswith("blob:")} == set()


def test_a_unit_restarts_on_all_that_its_command_names(everything: Sequence[Resource]) -> None:
    """Each path in ExecStart that we lay is a reason to restart, the program too; ExecStop's is read when it stops."""
    for unit in of(everything, Unit):
        laid = {
            one.name: one.id for one in everything if one.machine == unit.machine and isinstance(one, File | Program)
        }
        text = next(
            (f for f in of(everything, File) if f.machine == unit.machine and f.path.endswith(f"/{unit.unit}")), None
        )
        if text is None:
            continue
        lines = "".join(part for part in text.content.parts if isinstance(part, str))
        words = set(re.split(r"[\s=,\\]+", re.sub(r"(?m)^ExecStop=(.*\\\n)*.*$", "", lines)))
        named = {laid[word] for word in words if word in laid}
        assert named <= set(unit.restart_on), f"{unit.id} does not restart on {named - set(unit.restart_on)}"
        assert text.id in unit.restart_on


def test_secret_files_are_private(everything: Sequence[Resource]) -> None:
    assert not [f.id for f in of(everything, File) if f.secret and f.mode & 0o077]


def test_quorums_and_balancers_have_budgets(resources: Sequence[Resource]) -> None:
    budgets = {unit.unit: unit.budget.group for unit in of(resources, Unit) if unit.budget}
    assert {"etcd.service", "kube-apiserver.service", "haproxy.service"} <= set(budgets)
    assert all(unit.budget.unavailable == 1 for unit in of(resources, Unit) if unit.budget)


def test_flags_of_the_spec_override_ours() -> None:
    files = {one.id: one for one in resources_of(CLUSTERS["more flags"]) if isinstance(one, File)}
    text = "".join(map(str, files["file:hardway-master-0:/etc/systemd/system/etcd.service"].content.parts))
    assert "--snapshot-count=20000" in text


def test_masters_run_no_kubelet_and_workers_no_control_plane(resources: Sequence[Resource]) -> None:
    on = {(unit.machine.rsplit("-", 1)[0], unit.unit) for unit in of(resources, Unit)}
    assert ("hardway-master", "kubelet.service") not in on
    assert ("hardway-worker", "kube-apiserver.service") not in on
