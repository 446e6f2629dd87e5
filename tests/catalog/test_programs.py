"""The catalog is whole: every program can be had for every release, and says so the way upstream and Go expect."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from hardway.catalog.programs import CLUSTER, IMAGES, PROGRAMS, image_reference, version_of
from hardway.catalog.releases import RELEASES, release
from hardway.sources.source import Item
from hardway.sources.upstream import shipped

PINNED = [(name, version) for name in PROGRAMS for version in RELEASES]


@pytest.mark.parametrize(("name", "kubernetes"), PINNED)
def test_every_program_of_every_release_has_a_pinned_module_that_names_it(name: str, kubernetes: str) -> None:
    program = PROGRAMS[name]
    version = version_of(name, release(kubernetes))
    folder = resources.files("hardway.catalog") / "modules" / program.module.name
    wrapper = folder if program.module.own else folder / version
    text = (wrapper / "go.mod").read_text()
    if program.module.own:
        assert f"module {program.package}\n" in text
        return
    assert re.search(rf"^(tool )?\t?{re.escape(program.package)}$", text, re.MULTILINE)
    assert re.search(rf"{re.escape(program.module.path)} v{re.escape(version)}( // indirect)?$", text, re.MULTILINE)
    assert f" v{version} h1:" in (wrapper / "go.sum").read_text()


def test_programs_built_together_do_not_overwrite_one_another() -> None:
    places = [(program.module.name, program.binary) for program in PROGRAMS.values()]
    assert len(places) == len(set(places))


def test_what_a_cluster_is_made_of_is_known() -> None:
    assert set(CLUSTER) <= PROGRAMS.keys() | IMAGES.keys()
    assert "kubeadm" not in CLUSTER


K8S = "https://dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubelet"
GITHUB = "https://github.com"


@pytest.mark.parametrize(
    ("name", "version", "url", "checksum", "member"),
    [
        ("kubelet", "1.37.2", K8S, f"{K8S}.sha256", None),
        (
            "etcdctl",
            "3.6.16",
            f"{GITHUB}/etcd-io/etcd/releases/download/v3.6.16/etcd-v3.6.16-linux-amd64.tar.gz",
            f"{GITHUB}/etcd-io/etcd/releases/download/v3.6.16/SHA256SUMS",
            "etcd-v3.6.16-linux-amd64/etcdctl",
        ),
        (
            "ctr",
            "2.4.2",
            f"{GITHUB}/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz",
            f"{GITHUB}/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz.sha256sum",
            "bin/ctr",
        ),
        (
            "cni-flannel",
            "0.9.1",
            f"{GITHUB}/flannel-io/cni-plugin/releases/download/v1.9.1-flannel1/flannel-amd64",
            None,
            None,
        ),
    ],
)
def test_where_upstream_has_it(name: str, version: str, url: str, checksum: str | None, member: str | None) -> None:
    found = shipped(Item(name, version), "amd64")
    assert found is not None
    assert (found.url, found.checksum, found.member) == (url, checksum, member)


def test_our_own_programs_are_nowhere_else() -> None:
    assert shipped(Item("pause", "3.10.1"), "amd64") is None
    assert shipped(Item("probe", "2"), "amd64") is None


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("image-pause", "registry.k8s.io/pause:3.10.1"),
        ("image-coredns", "registry.k8s.io/coredns/coredns:v1.15.0"),
        ("image-flannel", "ghcr.io/flannel-io/flannel:v0.28.4"),
        ("image-probe", "hardway.internal/probe:2"),
    ],
)
def test_images_bear_upstreams_names(image: str, reference: str) -> None:
    assert image_reference(image, release("1.37.2")) == reference


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        version_of("kube-dns", release("1.37.2"))
