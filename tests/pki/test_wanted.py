"""Each certificate has the names, addresses, usages and authority that its use needs, and no more."""

from __future__ import annotations

import pytest

from hardway.pki import names
from hardway.pki.wanted import wanted_pki
from hardway.resources.base import OPERATOR, Chapter
from hardway.resources.operator import Certificate, Key, Secret
from hardway.spec.model import Cluster
from tests.pki.vault_in_memory import small_cluster

API_NAMES = (
    "api api.example.org k8s.example.com kubernetes kubernetes.default kubernetes.default.svc "
    "kubernetes.default.svc.cluster.example m0 m0.example.org m1 m1.example.org"
)
API_ADDRESSES = "10.0.0.10 10.0.0.100 10.0.0.11 10.32.0.1 127.0.0.1 203.0.113.7"
M0 = "m0 m0.example.org"

# name: subject, usages, names, authority
MASTER = {
    "kube-apiserver.m0": ("CN=kube-apiserver", "server", f"{API_NAMES} {API_ADDRESSES}", "kubernetes-ca"),
    "kube-apiserver-kubelet-client.m0": ("CN=kube-apiserver-kubelet-client", "client", "", "kubernetes-ca"),
    "kube-apiserver-etcd-client.m0": ("CN=kube-apiserver-etcd-client", "client", "", "etcd-ca"),
    "front-proxy-client.m0": ("CN=front-proxy-client", "client", "", "front-proxy-ca"),
    "etcd-server.m0": ("CN=etcd-server", "server client", f"{M0} 10.0.0.10 127.0.0.1", "etcd-ca"),
    "etcd-peer.m0": ("CN=etcd-peer", "server client", f"{M0} 10.0.0.10", "etcd-ca"),
    "etcd-health-client.m0": ("CN=etcd-health-client", "client", "", "etcd-ca"),
    "kube-controller-manager.m0": ("CN=system:kube-controller-manager", "client", "", "kubernetes-ca"),
    "kube-controller-manager-serving.m0": (
        "CN=kube-controller-manager",
        "server",
        f"{M0} 10.0.0.10 127.0.0.1",
        "kubernetes-ca",
    ),
    "kube-scheduler.m0": ("CN=system:kube-scheduler", "client", "", "kubernetes-ca"),
    "kube-scheduler-serving.m0": ("CN=kube-scheduler", "server", f"{M0} 10.0.0.10 127.0.0.1", "kubernetes-ca"),
}
OTHERS = {
    "kubernetes-ca": ("O=demo/CN=kubernetes-ca", "authority", "", ""),
    "etcd-ca": ("O=demo/CN=etcd-ca", "authority", "", ""),
    "front-proxy-ca": ("O=demo/CN=front-proxy-ca", "authority", "", ""),
    "kubelet-ca": ("O=demo/CN=kubelet-ca", "authority", "", ""),
    "kubelet-client.w0": ("O=system:nodes/CN=system:node:w0", "client", "", "kubernetes-ca"),
    "kubelet-serving.w0": ("CN=w0", "server", "w0 w0.example.org 10.0.0.20", "kubelet-ca"),
    "kube-proxy.w0": ("CN=system:kube-proxy", "client", "", "kubernetes-ca"),
    "admin": ("O=hardway:admins/CN=admin", "client", "", "kubernetes-ca"),
    "break-glass": ("O=system:masters/CN=break-glass", "client", "", "kubernetes-ca"),
}


def certificates(cluster: Cluster) -> dict[str, Certificate]:
    return {one.certificate: one for one in wanted_pki(cluster) if isinstance(one, Certificate)}


@pytest.mark.parametrize(("name", "expected"), [*MASTER.items(), *OTHERS.items()])
def test_a_certificate_says_what_its_use_needs(name: str, expected: tuple[str, str, str, str]) -> None:
    one = certificates(small_cluster())[name]
    said = one.attributes(lambda ref: b"")
    assert (said["subject"], said["usages"], said["names"], one.authority) == expected


def test_there_are_no_others() -> None:
    second = {name.replace(".m0", ".m1") for name in MASTER}
    assert set(certificates(small_cluster())) == {*MASTER, *second, *OTHERS}


def test_every_certificate_has_a_key_of_its_own_and_the_service_account_a_key_alone() -> None:
    keys = [one.key for one in wanted_pki(small_cluster()) if isinstance(one, Key)]
    assert sorted(keys) == sorted([*certificates(small_cluster()), names.SERVICE_ACCOUNT])


def test_the_encryption_key_is_32_random_bytes() -> None:
    (secret,) = (one for one in wanted_pki(small_cluster()) if isinstance(one, Secret))
    assert (secret.name, secret.size, secret.chapter) == (names.ENCRYPTION_KEY, 32, Chapter.ENCRYPTION)


def test_lives_follow_the_spec() -> None:
    spec = small_cluster()
    for one in certificates(spec).values():
        expected = spec.certificates.authority_days if one.is_authority else spec.certificates.leaf_days
        assert one.days == expected


def test_the_articles_api_has_all_the_addresses_of_the_article() -> None:
    one = certificates(Cluster(name="article"))["kube-apiserver.hardway-master-0"]
    wanted = {"10.32.0.1", "127.0.0.1", "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.100"}
    assert set(one.addresses) == wanted
    assert "kubernetes.default.svc.cluster.local" in one.dns_names


def test_everything_is_on_the_operators_side_with_an_id_of_its_own() -> None:
    resources = wanted_pki(small_cluster())
    assert {one.machine for one in resources} == {OPERATOR}
    assert len({one.id for one in resources}) == len(resources)


def test_what_a_certificate_refers_to_is_wanted_too() -> None:
    resources = wanted_pki(small_cluster())
    ids = {one.id for one in resources}
    assert {ref.resource for one in resources for ref in one.refs} <= ids


def test_the_same_spec_wants_the_same() -> None:
    assert wanted_pki(small_cluster()) == wanted_pki(small_cluster())


def test_a_name_that_is_given_twice_is_in_the_certificate_once() -> None:
    spec = small_cluster()
    twice = spec.model_copy(update={"api": spec.api.model_copy(update={"extra_names": ("kubernetes", "m0")})})
    dns = certificates(twice)["kube-apiserver.m0"].dns_names
    assert len(dns) == len(set(dns))
