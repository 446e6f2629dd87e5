"""Tables of the pure parts: drift, conditions, ownership."""

from __future__ import annotations

from typing import Any

import pytest

from hardway.kube.conditions import holds, pod_trouble, rolled, warning
from hardway.kube.drift import drift
from hardway.kube.ownership import Ownership, is_owned, labelled, resource_of
from hardway.resources.base import Chapter, Seen


def body(kind: str = "ConfigMap", meta: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", **(meta or {})}, **fields}


@pytest.mark.parametrize(
    ("live", "dry_run", "told"),
    [
        (body(), body(), "none"),
        (body(meta={"resourceVersion": "1", "generation": 1}), body(meta={"generation": 2, "uid": "u"}), "none"),
        (body(status={"replicas": 1}), body(status={"replicas": 2}), "none"),
        (body(spec={"replicas": 3}), body(spec={"replicas": 2}), "spec.replicas: 3 -> 2"),
        (body(spec={}), body(spec={"a": True}), "spec.a: nothing -> true"),
        (body(spec={"a": ["x"]}), body(spec={"a": []}), 'spec.a: ["x"] -> []'),
        (body(spec={"a": [{"n": 1}, {"n": 2}]}), body(spec={"a": [{"n": 1}, {"n": 3}]}), "spec.a[1].n: 2 -> 3"),
        (body(spec={"a": "text"}), body(spec={"a": "next"}), "spec.a: text -> next"),
        (body("Secret", data={"k": "c2VjcmV0"}), body("Secret", data={"k": "bmV3"}), "data.k: *** -> ***"),
        (
            body(data=dict.fromkeys("abcdef", "1")),
            body(data=dict.fromkeys("abcdef", "2")),
            "data.a: 1 -> 2; data.b: 1 -> 2; data.c: 1 -> 2; data.d: 1 -> 2; and 2 more",
        ),
        (body(data={"a": "x" * 99}), body(data={"a": "a\nb"}), f"data.a: {'x' * 57}... -> a\\nb"),
    ],
)
def test_drift(live: dict[str, Any], dry_run: dict[str, Any], told: str) -> None:
    assert drift(live, dry_run) == told


def daemon_set(generation: int, observed: int, **status: int) -> dict[str, Any]:
    return body("DaemonSet", {"generation": generation}, status={"observedGeneration": observed, **status})


def with_condition(status: str, message: str = "", kind: str = "Node") -> dict[str, Any]:
    condition = {"type": "Ready", "status": status, "message": message, "reason": "Because"}
    return body(kind, status={"conditions": [condition]})


@pytest.mark.parametrize(
    ("condition", "found", "told"),
    [
        ("Ready", None, "no: it does not exist yet"),
        ("Ready", body("Node"), "no: condition Ready is not reported yet"),
        ("Ready", with_condition("True"), "yes"),
        ("Ready", with_condition("False", "no network"), "no: no network"),
        ("Ready", with_condition("Unknown"), "no: Because"),
        ("Ready", with_condition("True", kind="Deployment"), "no: its controller has not seen it yet"),
    ],
)
def test_conditions(condition: str, found: dict[str, Any] | None, told: str) -> None:
    assert holds(condition, found) == told


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "no: it does not exist yet"),
        (body("DaemonSet", status={}), "no: its controller has not seen it yet"),
        (daemon_set(2, 1), "no: its controller has not seen it yet"),
        (daemon_set(2, 2, desiredNumberScheduled=3), "no: 0 of 3 pods are up to date"),
        (
            daemon_set(2, 2, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=1),
            "no: 1 of 3 pods are available",
        ),
        (daemon_set(1, 1, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3), "yes"),
        # the controller has not heard of a Node's end
        (daemon_set(1, 1, desiredNumberScheduled=4, updatedNumberScheduled=4, numberAvailable=3), "yes"),
    ],
)
def test_a_daemon_set_is_rolled_on_three_nodes(found: dict[str, Any] | None, told: str) -> None:
    assert rolled(found, nodes=3) == told


def deployment(**status: int) -> dict[str, Any]:
    return body(
        "Deployment", {"generation": 2}, spec={"replicas": 2}, status={"observedGeneration": 2, "replicas": 2, **status}
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (deployment(updatedReplicas=2, availableReplicas=2), "yes"),
        (deployment(updatedReplicas=1, availableReplicas=2), "no: 1 of 2 pods are up to date"),
        (deployment(updatedReplicas=2, availableReplicas=1), "no: 1 of 2 pods are available"),
        (deployment(updatedReplicas=2, availableReplicas=2, replicas=3), "no: 1 older pods are still there"),
        (deployment(observedGeneration=1), "no: its controller has not seen it yet"),
        (body("Deployment", {"generation": 1}), "no: its controller has not seen it yet"),
    ],
)
def test_a_deployment_is_rolled(found: dict[str, Any], told: str) -> None:
    assert rolled(found, nodes=3) == told


OTHERS = Ownership({"owner": "others", "project": "p"}, (("v1", "Secret"),), "space", Chapter.APPLICATION)


def test_each_owner_knows_its_own() -> None:
    theirs = labelled(body(), OTHERS)
    assert is_owned(theirs, OTHERS) and not is_owned(theirs)
    assert not is_owned(labelled(body()), OTHERS)
    assert not is_owned(body(meta={"labels": {"owner": "others", "project": "q"}}), OTHERS)
    assert OTHERS.selector == "owner=others,project=p"
    assert resource_of(Seen("object:operator:v1/Secret/space/x", {}), OTHERS).chapter is Chapter.APPLICATION


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": status}


def waiting(reason: str, message: str = "") -> list[dict[str, Any]]:
    return [{"state": {"waiting": {"reason": reason, "message": message}}}]


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ([], ""),
        ([pod("a", containerStatuses=waiting("ContainerCreating"))], ""),
        ([pod("a"), pod("b", containerStatuses=waiting("ErrImagePull", "no"))], "pod b: ErrImagePull: no"),
        ([pod("a", containerStatuses=waiting("CrashLoopBackOff"))], "pod a: CrashLoopBackOff"),
        (
            [pod("a", conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}])],
            "pod a: 0/3 nodes",
        ),
    ],
)
def test_pod_trouble(pods: list[dict[str, Any]], told: str) -> None:
    assert pod_trouble(pods) == told


def event(name: str, at: str, message: str) -> dict[str, Any]:
    return {"involvedObject": {"name": name}, "lastTimestamp": at, "message": message}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ""),
        ([event("other", "2030-01-01T00:00:00Z", "x")], ""),
        (
            [event("a", "2030-01-01T00:00:02Z", "late\n one"), event("a", "2030-01-01T00:00:01Z", "early")],
            "pod a: late one",
        ),
        ([event("a", "", "x" * 400 + "file exists")], f"pod a: ...{'x' * 286}file exists"),
        ([{"involvedObject": {"name": "a"}, "lastTimestamp": None}], "pod a: "),
    ],
)
def test_the_last_warning(events: list[dict[str, Any]], told: str) -> None:
    assert warning(events, {"a"}) == told


def test_our_label_is_added_and_known() -> None:
    ours = labelled(body(meta={"labels": {"a": "b"}}))
    assert ours["metadata"]["labels"]["a"] == "b"
    assert is_owned(ours)
    assert not is_owned(body(meta={"labels": {"app.kubernetes.io/managed-by": "Helm"}}))
    assert not is_owned(body())


@pytest.mark.parametrize(
    ("object_id", "chapter"),
    [
        ("object:operator:apps/v1/DaemonSet/kube-flannel/kube-flannel", Chapter.ACCESS),
        ("object:operator:v1/Node//hardway-worker-0", Chapter.WORKERS),
        ("object:operator:rbac.authorization.k8s.io/v1/ClusterRole//system:kube-apiserver", Chapter.RBAC),
    ],
)
def test_what_was_seen_leads_back_to_the_object(object_id: str, chapter: Chapter) -> None:
    resource = resource_of(Seen(object_id, {"drift": "none"}, owned=True))
    assert resource.id == object_id
    assert resource.chapter is chapter
