"""What the cluster itself holds: API objects, and conditions to wait for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hardway.resources.base import OPERATOR, Attributes, Known, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject(Resource):
    """An API object, applied server-side with our field manager; compared by a dry run of the same."""

    kind: ClassVar[str] = "object"
    removal: ClassVar[int] = 20
    machine: str = OPERATOR
    manifest: str
    """The object as canonical JSON (frozen, so text and no dictionary); made by `kube_object`."""

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.manifest)
        return body

    @property
    def name(self) -> str:
        return object_name(self.body)

    def attributes(self, known: Known) -> Attributes:
        """`drift` is "none" once a dry run of applying the manifest changes nothing."""
        return {"drift": "none"}


def object_name(body: Mapping[str, Any]) -> str:
    """apps/v1/DaemonSet/kube-flannel/kube-flannel, v1/Node//hardway-worker-0."""
    meta = body["metadata"]
    return f"{body['apiVersion']}/{body['kind']}/{meta.get('namespace', '')}/{meta['name']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Resource):
    """Something of the cluster that must come true before the work is done: a Node Ready, a Deployment Available."""

    kind: ClassVar[str] = "condition"
    removal: ClassVar[int] = 10
    machine: str = OPERATOR
    api_version: str
    object_kind: str
    namespace: str = ""
    object_name: str
    condition: str
    """Ready for a Node, Available for a Deployment, Complete for a Job, Rolled (all pods ready) for a DaemonSet or a
    Deployment."""
    within: float = 120.0
    """Seconds."""

    @property
    def name(self) -> str:
        return f"{self.object_kind}/{self.object_name} {self.condition}"

    def attributes(self, known: Known) -> Attributes:
        return {"holds": "yes"}
