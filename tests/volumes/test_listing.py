"""What the API says of volumes, as one table; and which one a name means."""

from __future__ import annotations

from typing import Any

import pytest

from hardway.components.storage import VOLUMES
from hardway.volumes.faults import VolumeFault
from hardway.volumes.listing import chosen, directory, volumes
from tests.volumes.worker import persistent, pod

CLAIM: dict[str, Any] = {
    "metadata": {"name": "waits", "namespace": "default"},
    "spec": {"resources": {"requests": {"storage": "2Gi"}}, "storageClassName": "local"},
    "status": {"phase": "Pending"},
}
BOUND = {"metadata": {"name": "data", "namespace": "a"}, "spec": {"volumeName": "pvc-1"}, "status": {"phase": "Bound"}}
NFS: dict[str, Any] = {
    "metadata": {"name": "share"},
    "spec": {"nfs": {"server": "s"}, "capacity": {"storage": "5Gi"}},
    "status": {"phase": "Available"},
}
EPHEMERAL = {
    "metadata": {"name": "p", "namespace": "a"},
    "spec": {"volumes": [{"name": "scratch", "ephemeral": {}}, {"name": "token", "projected": {}}]},
    "status": {"phase": "Pending"},
}
PVS = [
    persistent("pvc-1", "a", "data", "w0", f"{VOLUMES}/pvc-1"),
    persistent("pvc-2", "b", "data", "w1", f"{VOLUMES}/pvc-2"),
    persistent("pvc-3", "a", "p-scratch", "w1", f"{VOLUMES}/pvc-3"),
    NFS,
]
ALL = volumes(
    PVS, [CLAIM, BOUND], [pod("one", "data", namespace="a"), pod("over", "data", "Succeeded", "a"), EPHEMERAL]
)


def test_every_volume_and_every_claim_that_waits() -> None:
    assert [(one.name, one.status, one.node, one.path, one.pods) for one in ALL] == [
        ("a/data", "Bound", "w0", f"{VOLUMES}/pvc-1", ("one",)),
        ("a/p-scratch", "Bound", "w1", f"{VOLUMES}/pvc-3", ("p",)),
        ("b/data", "Bound", "w1", f"{VOLUMES}/pvc-2", ()),
        ("default/waits", "Pending", "", "", ()),
        ("share", "Available", "", "", ()),
    ]
    assert [one.local for one in ALL] == [True, True, True, False, False]
    assert [one.size for one in ALL] == ["1Gi", "1Gi", "1Gi", "2Gi", "5Gi"]


@pytest.mark.parametrize(
    ("name", "volume"), [("a/data", "pvc-1"), ("waits", ""), ("pvc-2", "pvc-2"), ("share", "share")]
)
def test_a_name_means_one(name: str, volume: str) -> None:
    assert chosen(name, ALL).volume == volume


@pytest.mark.parametrize(
    ("name", "told"), [("data", "several claims are called data"), ("no", "there is no volume no")]
)
def test_a_name_that_means_none_or_several_is_refused(name: str, told: str) -> None:
    with pytest.raises(VolumeFault, match=told) as fault:
        chosen(name, ALL)
    assert fault.value.bad_input
    assert "a/data" in fault.value.advice


@pytest.mark.parametrize("name", ["waits", "share"])
def test_only_volumes_of_ours_are_copied(name: str) -> None:
    with pytest.raises(VolumeFault):
        directory(chosen(name, ALL))


@pytest.mark.parametrize("path", ["/etc", f"{VOLUMES}/../etc", f"{VOLUMES}/other"])
def test_a_volume_that_claims_to_be_elsewhere_is_not_copied(path: str) -> None:
    (one,) = volumes([persistent("pvc-1", "a", "data", "w0", path)], [], [])
    with pytest.raises(VolumeFault, match="no local volume"):
        directory(one)
