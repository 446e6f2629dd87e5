"""Local storage is there where the spec asks for it, with no more rights than it needs; and nowhere else."""

from __future__ import annotations

from typing import Any

from hardway.components.facts import DEFAULT_FACTS
from hardway.components.storage import NAMESPACE, PROVISIONER, VOLUMES, wanted
from hardway.resources.base import Resource
from hardway.resources.host import Directory
from hardway.resources.kubernetes import KubeObject
from hardway.spec.model import Cluster, Machines, Storage
from tests.components.conftest import facts_of

LOCAL = Cluster(name="c", storage=Storage(kind="local"))


def resources(cluster: Cluster) -> tuple[Resource, ...]:
    return wanted(cluster, facts_of(cluster, DEFAULT_FACTS))


def bodies() -> dict[str, dict[str, Any]]:
    return {one.body["kind"]: one.body for one in resources(LOCAL) if isinstance(one, KubeObject)}


def test_by_default_and_without_workers_there_is_none() -> None:
    assert resources(Cluster(name="c")) == ()
    assert resources(Cluster(name="c", storage=Storage(kind="local"), machines=Machines(workers=()))) == ()


def test_each_worker_has_a_folder_that_never_goes_with_what_is_in_it() -> None:
    folders = [one for one in resources(LOCAL) if isinstance(one, Directory)]
    assert [(one.machine, one.path, one.mode, one.data) for one in folders] == [
        (f"hardway-worker-{n}", VOLUMES, 0o700, False) for n in range(3)
    ]


def test_the_class_waits_for_a_claim_s_first_pod_and_is_the_default() -> None:
    made = bodies()["StorageClass"]
    assert (made["provisioner"], made["volumeBindingMode"]) == (PROVISIONER, "WaitForFirstConsumer")
    assert made["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"


def test_the_provisioner_may_change_volumes_and_nothing_else() -> None:
    changes = {
        (resource, verb)
        for rule in bodies()["ClusterRole"]["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb not in ("get", "list", "watch")
    }
    assert changes == {
        ("persistentvolumes", "create"),
        ("persistentvolumes", "delete"),
        ("events", "create"),
        ("events", "patch"),
    }


def test_it_sees_one_folder_of_its_node_under_the_same_name() -> None:
    pod = bodies()["DaemonSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["volumes"] == [{"name": "volumes", "hostPath": {"path": VOLUMES, "type": "Directory"}}]
    assert container["volumeMounts"] == [{"name": "volumes", "mountPath": VOLUMES}]
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert bodies()["DaemonSet"]["metadata"]["namespace"] == NAMESPACE
