"""Which objects of a cluster are ours: the label they carry, and where to look for those no longer wanted. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from hardway.resources.base import Chapter, Seen
from hardway.resources.kubernetes import KubeObject

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
"""The recommended label for the tool that manages an object. An API is one cluster's, so no cluster id is needed."""
HARDWAY: Final = "hardway"
SELECTOR: Final = f"{MANAGED_BY}={HARDWAY}"

KINDS: Final = (
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "StorageClass"),
)
"""Kinds of which hardway makes objects: searched for owned ones that are no longer wanted. Not those that controllers
make and copy labels to (EndpointSlice, ReplicaSet, ControllerRevision)."""

_CHAPTERS: Final = {"rbac.authorization.k8s.io/v1": Chapter.RBAC, "v1/Node": Chapter.WORKERS}


def labelled(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object with our label."""
    meta = body["metadata"]
    return {**body, "metadata": {**meta, "labels": {**meta.get("labels", {}), MANAGED_BY: HARDWAY}}}


def is_owned(body: Mapping[str, Any]) -> bool:
    """Whether the object carries our label."""
    return bool(body["metadata"].get("labels", {}).get(MANAGED_BY) == HARDWAY)


def resource_of(seen: Seen) -> KubeObject:
    """The resource to remove, from the id of what was seen (object:operator:apps/v1/DaemonSet/NAMESPACE/NAME)."""
    _, machine, path = seen.id.split(":", 2)
    api_version, kind, namespace, name = path.rsplit("/", 3)
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    manifest = json.dumps({"apiVersion": api_version, "kind": kind, "metadata": meta}, sort_keys=True)
    chapter = _CHAPTERS.get(api_version) or _CHAPTERS.get(f"{api_version}/{kind}") or Chapter.ACCESS
    return KubeObject(chapter=chapter, machine=machine, manifest=manifest)
