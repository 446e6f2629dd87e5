"""Where volumes go: a class where there is one, else one worker for all of a project; what is somewhere stays."""

from __future__ import annotations

import pytest

from hardway.compose.local_volumes import LocalVolume, volume_of
from hardway.compose.placing import placed
from tests.compose.projects import converted

PROJECT = """
name: shop
services: {web: {image: i, volumes: ["a:/a", "b:/b"]}}
volumes: {a: , b: {x-hardway: {class: %s}}}
"""


def where(
    named: str,
    *,
    classes: dict[str, str] | None = None,
    default: bool = False,
    there: dict[str, str] | None = None,
    workers: tuple[str, ...] = ("w0", "w1", "w2"),
) -> dict[str, str]:
    """The class of each claim, and the machine of local ones."""
    found = placed(converted(PROJECT % named), classes or {}, default, there or {}, workers)
    machines = {volume.claim: volume.machine for volume in found.volumes}
    spec = {body["metadata"]["name"]: body["spec"] for body in found.converted.claims}
    assert {name: one.get("volumeName") for name, one in spec.items() if name in machines} == {
        name: f"shop.{name}" for name in machines
    }
    return {name: machines.get(name, one.get("storageClassName", "default")) for name, one in spec.items()}


def test_a_class_that_is_named_or_the_default() -> None:
    assert where("fast", default=True) == {"a": "default", "b": "fast"}


def test_without_a_default_all_local_ones_are_on_one_worker() -> None:
    found = where("hardway-local")
    assert found["a"] == found["b"]
    assert found["a"] in ("w0", "w1", "w2")
    assert where("fast") == {"a": found["a"], "b": "fast"}


def test_what_is_named_local_is_local_also_beside_a_default() -> None:
    found = where("hardway-local", default=True)
    assert found["a"] == "default" and found["b"].startswith("w")


@pytest.mark.parametrize("default", [True, False])
def test_what_is_somewhere_stays_there(default: bool) -> None:
    local = {"a": "hardway-local"}
    assert where("fast", classes=local, default=default, there={"a": "w9"}) == {"a": "w9", "b": "fast"}
    assert where("fast", classes={"a": "fast"}, default=default) == {"a": "default", "b": "fast"}


def test_a_new_one_joins_those_that_are_there() -> None:
    assert where("hardway-local", there={"a": "w2"}, classes={"a": "hardway-local"}) == {"a": "w2", "b": "w2"}


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({}, True),
        ({"claimRef": {"namespace": "..", "name": "data"}}, False),
        ({"claimRef": {"namespace": "shop", "name": "../../etc"}}, False),
        ({"claimRef": None}, False),
        ({"hostPath": {"path": "/etc"}}, False),
    ],
)
def test_only_volumes_as_we_make_them_are_ours_to_empty(change: dict[str, object], is_ours: bool) -> None:
    volume = LocalVolume(machine="w0", namespace="shop", claim="data", size="1Gi")
    body = volume.body("shop")
    assert (volume_of({**body, "spec": {**body["spec"], **change}}) is not None) is is_ours


def test_a_cluster_without_workers_has_no_place() -> None:
    assert where("fast", workers=()) == {"a": "default", "b": "fast"}
