"""Certificates and kubeconfigs lie where they are read, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import yaml

from hardway.components.render import render
from hardway.resources.base import Resource
from hardway.resources.host import File
from hardway.spec.model import Cluster

UNREAD_BY_PROGRAMS = {"/etc/etcd/pki/etcd-health-client.pem", "/etc/etcd/pki/etcd-health-client-key.pem"}
"""For the operator's etcdctl, not for a unit."""


def laid(resources: Sequence[Resource], machine: str) -> list[File]:
    return [one for one in resources if isinstance(one, File) and one.machine == machine]


def credentials(files: Sequence[File]) -> set[str]:
    return {one.path for one in files if one.path.endswith((".pem", ".pub"))}


def named(files: Sequence[File], texts: Sequence[str]) -> set[str]:
    """Paths among the files that occur in the texts as whole words."""
    words = {word for text in texts for line in text.splitlines() for word in _words(line)}
    return {one.path for one in files} & words


def _words(line: str) -> Iterator[str]:
    for part in line.replace("=", " ").replace(",", " ").replace(":", " ").split():
        yield part.strip("\\'\"")


@pytest.mark.parametrize("machine", [one.name for one in Cluster(name="c").all_machines])
def test_every_certificate_and_key_on_a_machine_is_read_there(resources: Sequence[Resource], machine: str) -> None:
    files = laid(resources, machine)
    read = named(files, [text for name, text in render(resources).items() if name.startswith(f"{machine}/")])
    assert credentials(files) - read - UNREAD_BY_PROGRAMS == set()


@pytest.mark.parametrize("machine", [one.name for one in Cluster(name="c").all_machines])
def test_every_certificate_that_is_named_lies_there(resources: Sequence[Resource], machine: str) -> None:
    files = laid(resources, machine)
    texts = [text for name, text in render(resources).items() if name.startswith(f"{machine}/")]
    words = {word for text in texts for line in text.splitlines() for word in _words(line)}
    assert {word for word in words if word.startswith("/etc/") and word.endswith((".pem", ".pub"))} <= credentials(
        files
    )


def test_kubeconfigs_on_machines_embed_nothing(resources: Sequence[Resource]) -> None:
    texts = {name: text for name, text in render(resources).items() if name.endswith(".kubeconfig")}
    assert len(texts) > len(Cluster(name="c").masters)
    assert not [name for name, text in texts.items() if "-data:" in text or "token:" in text]


def test_the_operators_kubeconfigs_name_files_beside_them(resources: Sequence[Resource]) -> None:
    texts = render(resources)
    configs = [name for name in texts if name.startswith("operator/") and name.endswith("kubeconfig")]
    assert len(configs) == 2
    for name in configs:
        body = yaml.safe_load(texts[name])
        user, cluster = body["users"][0]["user"], body["clusters"][0]["cluster"]
        paths = {user["client-certificate"], user["client-key"], cluster["certificate-authority"]}
        assert {f"operator/{path}" for path in paths} <= set(texts)


def test_no_machine_has_the_operators_identity(resources: Sequence[Resource]) -> None:
    secrets = {ref.resource for one in resources if isinstance(one, File) for ref in one.content.refs}
    assert not secrets & {
        f"{kind}:operator:{name}" for kind in ("key", "certificate") for name in ("admin", "break-glass")
    }
