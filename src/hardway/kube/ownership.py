"""Which objects of a cluster are whose: the labels they carry, and where to look for those no longer wanted. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hardway.resources.base import Chapter, Seen
from hardway.resources.kubernetes import KubeObject

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
"""The recommended label for the tool that manages an object. An API is one cluster's, so no cluster id is needed."""
HARDWAY: Final = "hardway"

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


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose objects they are, and how they are found again."""

    labels: Mapping[str, str]
    """What each of them carries, and nothing else does."""
    kinds: tuple[tuple[str, str], ...]
    """API versions and kinds that are searched."""
    namespace: str = ""
    """Where namespaced ones are searched; everywhere where it is empty."""
    chapter: Chapter | None = None
    """In which their removal is told; by their kind where none is given."""
    replaced: frozenset[str] = frozenset()
    """Kinds that are made anew where the API refuses to change them in place, or they have failed."""

    @property
    def selector(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.labels.items())


CLUSTER: Final = Ownership({MANAGED_BY: HARDWAY}, KINDS)
"""The cluster's own objects."""


def labelled(body: Mapping[str, Any], ownership: Ownership = CLUSTER) -> dict[str, Any]:
    """The object with its owner's labels."""
    meta = body["metadata"]
    return {**body, "metadata": {**meta, "labels": {**meta.get("labels", {}), **ownership.labels}}}


def is_owned(body: Mapping[str, Any], ownership: Ownership = CLUSTER) -> bool:
    """Whether the object carries its owner's labels."""
    labels = body["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, value in ownership.labels.items())


def resource_of(seen: Seen, ownership: Ownership = CLUSTER) -> KubeObject:
    """The resource to remove, from the id of what was seen (object:operator:apps/v1/DaemonSet/NAMESPACE/NAME)."""
    _, machine, path = seen.id.split(":", 2)
    api_version, kind, namespace, name = path.rsplit("/", 3)
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    manifest = json.dumps({"apiVersion": api_version, "kind": kind, "metadata": meta}, sort_keys=True)
    by_kind = _CHAPTERS.get(api_version) or _CHAPTERS.get(f"{api_version}/{kind}") or Chapter.ACCESS
    return KubeObject(chapter=ownership.chapter or by_kind, machine=machine, manifest=manifest)
