"""What a spec may not say of a registry, and what it may."""

from __future__ import annotations

import pytest

from hardway.spec.load import parse
from tests.spec.faults_of import faults_of


def registry(**fields: object) -> str:
    return "name: c\nregistry:\n" + "".join(f"  {key}: {value}\n" for key, value in fields.items())


FREE = "the registry takes its port and the next — use 5000 or another free port"
FAULTS = {
    registry(kind="docker"): "3:9: registry.kind: 'docker' is not known — use 'none', 'lab' or 'external'",
    registry(kind="external"): "3:9: registry.kind: a registry that is external has an address — add registry.url",
    registry(kind="external", url="http://r.example"): (
        "4:8: registry.url: 'http://r.example' is no registry's address"
        " — write https://HOST or https://HOST:PORT, without a path"
    ),
    registry(kind="lab", url="https://r.example"): (
        "4:8: registry.url: not of kind lab — leave it out, or use kind external"
    ),
    registry(kind="none", machine="m"): "4:12: registry.machine: not of kind none — leave it out, or use kind lab",
    registry(kind="lab", machine="hardway-lb-7"): (
        "4:12: registry.machine: there is no machine hardway-lb-7 — did you mean hardway-lb-1?"
    ),
    registry(kind="lab", port=6443): f"4:9: registry.port: 6443 is the port of the API; {FREE}",
    registry(kind="lab", port=10249): f"4:9: registry.port: 10250 is the port of kubelet; {FREE}",
    registry(kind="lab", port=30000): f"4:9: registry.port: 30000 is a node port; {FREE}",
    registry(kind="lab", port=65535): f"4:9: registry.port: 65536 is no port; {FREE}",
}


@pytest.mark.parametrize(("text", "told"), FAULTS.items())
def test_faults(text: str, told: str) -> None:
    assert faults_of(text) == [told]


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        ("name: c\n", None),
        (registry(kind="lab"), "hardway-lb-0"),
        (registry(kind="lab", machine="hardway-master-2", port=5443), "hardway-master-2"),
        (registry(kind="lab") + "balancer: {kind: external}\n", "hardway-worker-0"),
        (registry(kind="external", url="https://registry.example:8443"), None),
    ],
)
def test_where_it_runs(text: str, machine: str | None) -> None:
    found = parse(text).registry_machine
    assert (found.name if found else None) == machine
