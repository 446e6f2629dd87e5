"""The registry of images: who runs it, who may write to it, and how workers are told of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from hardway.pki.names import REGISTRY_CA
from hardway.pki.wanted import wanted_pki
from hardway.resources.host import File, Unit
from hardway.resources.operator import Certificate
from hardway.spec.model import Cluster
from tests.components.conftest import resources_of


def with_registry(**registry: Any) -> Cluster:
    return Cluster.model_validate({"name": "c", "registry": {"kind": "lab", **registry}})


EXTERNAL = with_registry(kind="external", url="https://registry.example:8443")


def texts(cluster: Cluster) -> dict[str, str]:
    """Every file without a secret, by machine and path."""
    return {
        f"{one.machine}:{one.path}": "".join(part for part in one.content.parts if isinstance(part, str))
        for one in resources_of(cluster)
        if isinstance(one, File) and not one.secret
    }


def test_without_a_registry_nothing_is_said_of_one(cluster: Cluster) -> None:
    found = texts(cluster)
    assert not [name for name in found if "certs.d" in name or "registry" in name]
    assert "config_path" not in found["hardway-worker-0:/etc/containerd/config.toml"]
    assert REGISTRY_CA not in {one.certificate for one in wanted_pki(cluster) if isinstance(one, Certificate)}


@pytest.mark.parametrize(
    ("given", "machine"), [({}, "hardway-lb-0"), ({"machine": "hardway-worker-1"}, "hardway-worker-1")]
)
def test_it_runs_on_one_machine_and_only_its_loopback_address_takes_images(given: dict[str, str], machine: str) -> None:
    cluster = with_registry(**given)
    units = [one.id for one in resources_of(cluster) if isinstance(one, Unit) and one.unit.startswith("registry")]
    assert units == [f"unit:{machine}:registry.service", f"unit:{machine}:registry-writes.service"]
    found = texts(cluster)
    reads = yaml.safe_load(found[f"{machine}:/etc/hardway/registry.yaml"])
    writes = yaml.safe_load(found[f"{machine}:/etc/hardway/registry-writes.yaml"])
    assert reads["storage"]["maintenance"]["readonly"] == {"enabled": True}
    assert not reads["http"]["addr"].startswith("127.")
    assert writes["http"]["addr"] == "127.0.0.1:5001"
    assert "maintenance" not in writes["storage"]
    assert "ReadWritePaths" not in found[f"{machine}:/etc/systemd/system/registry.service"]


def test_its_certificate_is_of_an_authority_of_its_own() -> None:
    certificates = {one.certificate: one for one in wanted_pki(with_registry()) if isinstance(one, Certificate)}
    assert certificates["registry.hardway-lb-0"].authority == REGISTRY_CA
    assert certificates["registry.hardway-lb-0"].dns_names == ("hardway-lb-0", "hardway-lb-0.hardway.internal")
    assert "127.0.0.1" in certificates["registry.hardway-lb-0"].addresses


@pytest.mark.parametrize("public", ["docker.io", "registry.k8s.io", "quay.io", "ghcr.io"])
@pytest.mark.parametrize(
    ("cluster", "url"),
    [(with_registry(), "https://hardway-lb-0.hardway.internal:5000"), (EXTERNAL, EXTERNAL.registry.url)],
)
def test_workers_look_there_first_and_then_in_the_public_registry(cluster: Cluster, url: str, public: str) -> None:
    found = texts(cluster)
    for worker in cluster.workers:
        lines = found[f"{worker.name}:/etc/containerd/certs.d/{public}/hosts.toml"].splitlines()
        assert lines[0] == f'server = "https://{"registry-1.docker.io" if public == "docker.io" else public}"'
        assert f'[host."{url}/v2/{public}"]' in lines
        assert ("ca = " in lines[-1]) == (cluster is not EXTERNAL)
        assert 'config_path = "/etc/containerd/certs.d"' in found[f"{worker.name}:/etc/containerd/config.toml"]
