"""A task and its containers as ECS tells of them. Values; `lifecycle` moves them on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hardway.fargate.local.account import Interface


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Container:
    """A container of a task."""

    definition: Mapping[str, Any]
    arn: str
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str = ""
    health: str = "UNKNOWN"
    digest: str = ""

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def ended_well(self) -> bool:
        return self.status == "STOPPED" and self.exit_code == 0

    def body(self, task: str) -> dict[str, Any]:
        shown = {
            "containerArn": self.arn,
            "taskArn": task,
            "name": self.name,
            "image": self.definition["image"],
            "lastStatus": self.status,
            "networkInterfaces": [],
            "healthStatus": self.health,
            "cpu": str(self.definition.get("cpu", 0)),
        }
        given = {"exitCode": self.exit_code, "reason": self.reason or None, "imageDigest": self.digest or None}
        return {**shown, **{key: value for key, value in given.items() if value is not None}}


@dataclass
class Task:
    """A task."""

    arn: str
    cluster: str
    definition: Mapping[str, Any]
    request: Mapping[str, Any]
    containers: list[Container]
    status: str = "PROVISIONING"
    wanted: str = "RUNNING"
    created: datetime = field(default_factory=now)
    times: dict[str, datetime] = field(default_factory=dict)
    """startedAt, stoppingAt, stoppedAt and the like."""
    stop_code: str = ""
    stopped_reason: str = ""
    interface: Interface | None = None
    stop_asked: asyncio.Event = field(default_factory=asyncio.Event)
    version: int = 1

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    def move(self, status: str) -> None:
        self.status = status
        self.version += 1

    def stop(self, code: str, reason: str) -> None:
        """Wanted no more; the first reason stands."""
        if self.wanted == "STOPPED":
            return
        self.wanted = "STOPPED"
        self.stop_code, self.stopped_reason = code, reason
        self.times["stoppingAt"] = now()
        self.stop_asked.set()

    def container(self, name: str) -> Container:
        return next(one for one in self.containers if one.name == name)

    def body(self, *, tags: bool) -> dict[str, Any]:
        """As DescribeTasks has it."""
        shown: dict[str, Any] = {
            "taskArn": self.arn,
            "clusterArn": self.cluster,
            "taskDefinitionArn": self.definition["taskDefinitionArn"],
            "group": f"family:{self.definition['family']}",
            "lastStatus": self.status,
            "desiredStatus": self.wanted,
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "availabilityZone": "local-1a",
            "cpu": self.definition["cpu"],
            "memory": self.definition["memory"],
            "connectivity": "CONNECTED",
            "healthStatus": self._health(),
            "startedBy": self.request.get("startedBy", ""),
            "createdAt": self.created,
            "attachments": self._attachments(),
            "containers": [one.body(self.arn) for one in self.containers],
            "tags": list(self.request.get("tags", ())) if tags else [],
            "version": self.version,
            **self.times,
        }
        if self.stop_code:
            shown |= {"stopCode": self.stop_code, "stoppedReason": self.stopped_reason}
        return shown

    def _health(self) -> str:
        states = {one.health for one in self.containers if one.essential and "healthCheck" in one.definition}
        if not states or "UNKNOWN" in states:
            return "UNHEALTHY" if "UNHEALTHY" in states else "UNKNOWN"
        return "UNHEALTHY" if "UNHEALTHY" in states else "HEALTHY"

    def _attachments(self) -> list[dict[str, Any]]:
        if self.interface is None:
            return []
        status = "DELETED" if self.status == "STOPPED" else "ATTACHED"
        details = {
            "subnetId": self.interface.subnet,
            "networkInterfaceId": self.interface.id,
            "privateIPv4Address": str(self.interface.address),
        }
        return [
            {
                "id": self.interface.id,
                "type": "ElasticNetworkInterface",
                "status": status,
                "details": [{"name": name, "value": value} for name, value in details.items()],
            }
        ]
