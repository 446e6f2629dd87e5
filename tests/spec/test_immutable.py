"""What a cluster that exists refuses to become, and what it takes."""

from __future__ import annotations

import pytest

from hardway.spec.dump import dump, from_json
from hardway.spec.immutable import FIXED, refused_changes
from hardway.spec.load import parse
from hardway.spec.model import Balancer, Cluster
from tests.spec.faults_of import field, one_machine

BEFORE = parse("name: c\n")

REFUSED = {
    "name": "name: d\n",
    "clusterDomain": "name: c\nclusterDomain: k.example\n",
    "networks.machines": field("networks.machines", "10.0.0.0/23"),
    "networks.pods": field("networks.pods", "172.17.0.0/16"),
    "networks.services": field("networks.services", "10.32.0.0/23"),
    "networks.dns": field("networks.dns", "10.32.0.11"),
    "api.address": field("api.address", "10.0.0.101"),
    "api.port": field("api.port", "8443"),
    "certificates.algorithm": field("certificates.algorithm", "rsa-2048"),
    "encryption.provider": field("encryption.provider", "aescbc"),
    "machines.masters": one_machine("masters"),
    "openstack.servers": field("openstack.servers", "existing"),
    "openstack.network": field("openstack.network", "another"),
    "openstack.subnet": field("openstack.subnet", "another"),
    "openstack.router": field("openstack.router", "another"),
}


@pytest.mark.parametrize(("where", "text"), REFUSED.items())
def test_a_change_that_a_living_cluster_cannot_take_is_refused(where: str, text: str) -> None:
    (refusal,) = refused_changes(BEFORE, parse(text))
    assert refusal.where == where
    assert refusal.before != refusal.after
    assert str(refusal).startswith(
        f"{where}: {refusal.before} cannot become {refusal.after} on a cluster that exists — "
    )


def _with(**changes: object) -> Cluster:
    """A spec that this version's rules do not let through, as an older or newer hardway may have remembered it."""
    return BEFORE.model_copy(update=changes)


def test_another_version_is_refused() -> None:
    older = _with(kubernetes=BEFORE.kubernetes.model_copy(update={"version": "1.36.0"}))
    (refusal,) = refused_changes(older, BEFORE)
    assert (refusal.where, refusal.before, refusal.after) == ("kubernetes.version", "1.36.0", "1.37.2")
    assert "upgrade" in refusal.reason


def test_another_provider_is_refused() -> None:
    elsewhere = _with(machines=BEFORE.machines.model_copy(update={"provider": "openstack"}))
    assert [refusal.where for refusal in refused_changes(BEFORE, elsewhere)] == ["machines.provider"]


def test_a_clouds_balancer_keeps_its_name() -> None:
    in_a_cloud = _with(balancer=Balancer(kind="octavia"))
    renamed = in_a_cloud.model_copy(update={"api": in_a_cloud.api.model_copy(update={"name": "another"})})
    assert [refusal.where for refusal in refused_changes(in_a_cloud, renamed)] == ["api.name"]
    assert refused_changes(BEFORE, parse(field("api.name", "another"))) == ()


def test_every_fixed_field_has_a_case_here() -> None:
    assert {fixed.where for fixed in FIXED} <= {*REFUSED, "kubernetes.version", "machines.provider", "api.name"}


def test_a_worker_cannot_take_another_pod_range() -> None:
    """Neither by its podRange, nor by an address with another host number."""
    before = parse(one_machine("workers"))
    given_another = parse(one_machine("workers", more=", podRange: 10.244.9.0/24"))
    moved = parse(one_machine("workers", address="10.0.0.41"))
    for after in (given_another, moved):
        (refusal,) = refused_changes(before, after)
        assert refusal.where == "machines.workers.a.podRange"
        assert "podRange: 10.244.40.0/24" in refusal.reason


def test_a_machine_cannot_change_its_role_at_once() -> None:
    before = parse(one_machine("workers"))
    after = parse(one_machine("balancers", address="10.0.0.40"))
    assert [refusal.where for refusal in refused_changes(before, after)] == ["machines.balancers"]


TAKEN = (
    "name: c\n",
    one_machine("workers"),
    one_machine("balancers"),
    one_machine("workers", "hardway-worker-0", "10.0.0.40", ", podRange: 10.244.20.0/24"),
    field("podNetwork.backend", "host-gw"),
    field("proxy.mode", "nftables"),
    field("certificates.leafDays", "90"),
    field("flags.kubelet.v", "4"),
    field("api.extraNames", "[k8s.example.com]"),
    field("api.floatingAddress", "203.0.113.1"),
    field("domain", "other.internal"),
    field("sources.kind", "cache"),
    field("networks.pods", "10.244.0.0/16"),
)


@pytest.mark.parametrize("text", TAKEN)
def test_other_changes_are_taken(text: str) -> None:
    assert refused_changes(BEFORE, parse(text)) == ()


def test_many_changes_are_refused_at_once() -> None:
    after = parse("name: d\nclusterDomain: k.example\nnetworks: {pods: 172.17.0.0/16}\n")
    assert [refusal.where for refusal in refused_changes(BEFORE, after)] == ["name", "clusterDomain", "networks.pods"]


def test_the_spec_that_was_remembered_refuses_nothing_of_itself() -> None:
    assert refused_changes(from_json(dump(BEFORE)), BEFORE) == ()
