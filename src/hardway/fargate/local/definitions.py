"""Task definitions: what ECS takes for Fargate and what it refuses. Values only.

Amazon ECS Developer Guide: "Task CPU and memory", "Task definition differences for Fargate", "Service quotas".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from hardway.fargate.local.errors import ApiFault

LARGEST: Final = 64 * 1024
_GIB: Final = 1024
LEGAL: Final[Mapping[int, frozenset[int]]] = {
    256: frozenset({512, 1024, 2048}),
    512: frozenset(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: frozenset(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: frozenset(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: frozenset(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: frozenset(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: frozenset(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}


@dataclass
class Definitions:
    """All revisions of all families."""

    account: str
    region: str
    families: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def register(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faults = list(_refused(request))
        if faults:
            raise ApiFault("ClientException", "; ".join(faults))
        revisions = self.families.setdefault(request["family"], [])
        number = len(revisions) + 1
        arn = f"arn:aws:ecs:{self.region}:{self.account}:task-definition/{request['family']}:{number}"
        body = {key: value for key, value in request.items() if key != "tags"}
        made = {
            **body,
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": datetime.now(UTC),
        }
        revisions.append(made)
        self.tags[arn] = list(request.get("tags", ()))
        return made

    def find(self, name: str) -> dict[str, Any]:
        """By ARN, family:revision, or family: then the newest that is active."""
        family, _, revision = name.rpartition("/")[2].partition(":")
        revisions = self.families.get(family, [])
        if revision:
            number = int(revision) if revision.isdecimal() else 0
            if 0 < number <= len(revisions):
                return revisions[number - 1]
        else:
            active = [one for one in revisions if one["status"] == "ACTIVE"]
            if active:
                return active[-1]
        raise ApiFault("ClientException", "Unable to describe task definition.")

    def deregister(self, name: str) -> dict[str, Any]:
        found = self.find(name)
        found["status"] = "INACTIVE"
        found["deregisteredAt"] = datetime.now(UTC)
        return found

    def delete(self, name: str) -> dict[str, Any]:
        found = self.find(name)
        if found["status"] == "ACTIVE":
            raise ApiFault("ClientException", "The specified task definition is still in ACTIVE status.")
        found["status"] = "DELETE_IN_PROGRESS"
        return found

    def active_families(self, prefix: str) -> list[str]:
        return sorted(
            family
            for family, revisions in self.families.items()
            if family.startswith(prefix) and any(one["status"] == "ACTIVE" for one in revisions)
        )

    def active(self, family: str) -> list[str]:
        return [one["taskDefinitionArn"] for one in self.families.get(family, []) if one["status"] == "ACTIVE"]


def _refused(request: Mapping[str, Any]) -> Iterator[str]:
    if len(json.dumps(request).encode()) > LARGEST:
        yield "Actual length of the task definition exceeds the maximum of 64 KiB."
    if request.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."
    yield from _refused_size(request)
    containers = request["containerDefinitions"]
    names = [one.get("name") for one in containers]
    if len(set(names)) < len(names):
        yield "Container names must be unique within a task definition."
    if not any(one.get("essential", True) for one in containers):
        yield "At least one container in a task definition must be essential."
    for container in containers:
        yield from _refused_container(container, request, names)


def _refused_size(request: Mapping[str, Any]) -> Iterator[str]:
    cpu, memory = str(request.get("cpu", "")), str(request.get("memory", ""))
    legal = cpu.isdecimal() and memory.isdecimal() and int(memory) in LEGAL.get(int(cpu), ())
    if not legal:
        yield "No Fargate configuration exists for given values."
    reserved = sum(one.get("memoryReservation", 0) for one in request["containerDefinitions"])
    if legal and reserved > int(memory):
        yield "Invalid setting for container: memoryReservation of all containers is more than the task's memory."
    if legal and sum(one.get("cpu", 0) for one in request["containerDefinitions"]) > int(cpu):
        yield "The total of container CPU is more than the task's CPU."


def _refused_container(container: Mapping[str, Any], request: Mapping[str, Any], names: list[Any]) -> Iterator[str]:
    if container.get("privileged"):
        yield "Fargate does not support privileged containers."
    if container.get("stopTimeout", 0) > 120:
        yield "stopTimeout must be at most 120."
    yield from _refused_roles(container, request)
    yield from _refused_references(container, request, names)


def _refused_roles(container: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    if container.get("secrets") and not request.get("executionRoleArn"):
        yield "Fargate requires task definition to have execution role ARN to support secrets."
    if container.get("logConfiguration", {}).get("logDriver") == "awslogs" and not request.get("executionRoleArn"):
        yield "Fargate requires task definition to have execution role ARN to support log driver awslogs."


def _refused_references(container: Mapping[str, Any], request: Mapping[str, Any], names: list[Any]) -> Iterator[str]:
    volumes = {one.get("name") for one in request.get("volumes", ())}
    for mount in container.get("mountPoints", ()):
        if mount.get("sourceVolume") not in volumes:
            yield f"Unknown volume '{mount.get('sourceVolume')}'."
    for needed in container.get("dependsOn", ()):
        if needed["containerName"] not in names:
            yield f"Container dependency {needed['containerName']} does not exist."
    for port in container.get("portMappings", ()):
        if port.get("hostPort") not in (None, port.get("containerPort")):
            yield "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
