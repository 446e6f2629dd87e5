"""What the converter's parts give each other: pieces of a pod, and names. Pure values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hardway.compose.converting.names import MANAGED_BY, MANAGER, PROJECT, SERVICE, project_labels
from hardway.compose.diagnostics import Telling
from hardway.compose.model import Project, Service

Body = dict[str, Any]
"""An object of Kubernetes, or a part of one."""

ROUNDS: Final = 20_000
"""Of the digest over secrets: who may read it must not find a short password by trying."""


@dataclass(frozen=True, slots=True)
class Names:
    """What things of a project are called on the cluster."""

    namespace: str
    services: Mapping[str, str]
    claims: Mapping[str, str]
    """By the volume's key."""


@dataclass(frozen=True, slots=True)
class Around:
    """What every part is given beside its service."""

    project: Project
    names: Names
    telling: Telling

    def meta(self, name: str, service: str = "") -> Body:
        """An object's metadata, with the labels of the project."""
        labels = {**project_labels(self.project.name), **({SERVICE: self.names.services[service]} if service else {})}
        return {"name": name, "namespace": self.names.namespace, "labels": labels}

    def selector(self, service: str) -> dict[str, str]:
        """The labels by which a service's pods are found."""
        return {PROJECT: self.project.name, SERVICE: self.names.services[service]}

    def pod_labels(self, service: str) -> dict[str, str]:
        return {MANAGED_BY: MANAGER, "app.kubernetes.io/name": self.names.services[service], **self.selector(service)}

    def sharers(self, key: str) -> tuple[Service, ...]:
        """The services that mount a volume."""
        return tuple(one for one in self.project.services if any(mount.source == key for mount in one.mounts))


@dataclass
class Pieces:
    """Parts of a pod, and the objects that they need."""

    volumes: list[Body] = field(default_factory=list)
    mounts: list[Body] = field(default_factory=list)
    objects: list[Body] = field(default_factory=list)
    """ConfigMaps and Secrets."""
    env: list[Body] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    """Keys of the volumes that it mounts, but such as are external."""
    keeps: bool = False
    """Whether it writes to a volume that only one pod may write to."""
    shared: list[str] = field(default_factory=list)
    """Names of claims that other services mount as well."""

    def digest(self, salt: str) -> str:
        """Stands for all that its ConfigMaps and Secrets hold: a pod is made anew when that changes."""
        held = [(body["metadata"]["name"], body.get("data"), body.get("binaryData")) for body in self.objects]
        return hashlib.pbkdf2_hmac("sha256", json.dumps(held).encode(), salt.encode(), ROUNDS).hex()[:16]


def literal(text: str) -> str:
    """Kubernetes reads $(NAME) in commands and variables, Compose does not: $$( is a $( to it."""
    return text.replace("$(", "$$(")
