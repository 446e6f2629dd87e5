"""A task as ECS describes it, as a value. Pure.

Its life (Developer Guide, "Amazon ECS task lifecycle"): PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING,
STOPPING, DEPROVISIONING, STOPPED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hardway.fargate.mapping import names

STARTING: Final = ("PROVISIONING", "PENDING", "ACTIVATING")
ENDING: Final = ("DEACTIVATING", "STOPPING", "DEPROVISIONING")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TaskContainer:
    """A container of a task."""

    name: str
    status: str
    exit_code: int | None
    reason: str
    health: str
    """HEALTHY, UNHEALTHY, UNKNOWN (also where it has no health check)."""
    image: str
    digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task of ours."""

    arn: str
    uid: str
    namespace: str
    name: str
    status: str
    wanted: str
    """RUNNING or STOPPED: what ECS strives for."""
    containers: tuple[TaskContainer, ...]
    images: str
    """`pods.images_hash` of what it was started from."""
    restarts: int
    """How often the pod had been restarted when it was started."""
    created: datetime
    started: datetime | None
    stopped: datetime | None
    stop_code: str
    stopped_reason: str
    address: str
    cpu: int
    """Units of 1/1024 vCPU."""
    memory: int
    """MiB."""

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def is_stopped(self) -> bool:
        return self.status == "STOPPED"

    @property
    def is_ending(self) -> bool:
        return self.status in ENDING or (self.wanted == "STOPPED" and not self.is_stopped)

    @property
    def ran(self) -> bool:
        """Whether its containers came to run, or one before them failed; else it could not be started at all."""
        failed = any(one.exit_code for one in self.containers)
        return failed or self.started is not None or not self.is_stopped

    def container(self, name: str) -> TaskContainer | None:
        return next((one for one in self.containers if one.name == name), None)


def task_of(body: Mapping[str, Any], node: str) -> Task | None:
    """One item of DescribeTasks' answer, None where it is none of the node's."""
    tags = {tag["key"]: tag.get("value", "") for tag in body.get("tags") or ()}
    if tags.get(names.NODE) != node or not tags.get(names.UID):
        return None
    return Task(
        arn=body["taskArn"],
        uid=tags[names.UID],
        namespace=tags.get(names.NAMESPACE, ""),
        name=tags.get(names.NAME, ""),
        status=body.get("lastStatus", "PROVISIONING"),
        wanted=body.get("desiredStatus", "RUNNING"),
        containers=tuple(_container(one) for one in body.get("containers") or ()),
        images=tags.get(names.IMAGES, ""),
        restarts=_number(tags.get(names.RESTARTS)),
        created=body.get("createdAt") or EPOCH,
        started=body.get("startedAt"),
        stopped=body.get("stoppedAt"),
        stop_code=body.get("stopCode") or "",
        stopped_reason=body.get("stoppedReason") or "",
        address=_address(body.get("attachments") or ()),
        cpu=_number(body.get("cpu")),
        memory=_number(body.get("memory")),
    )


def _container(body: Mapping[str, Any]) -> TaskContainer:
    return TaskContainer(
        name=body["name"],
        status=body.get("lastStatus") or "PENDING",
        exit_code=body.get("exitCode"),
        reason=body.get("reason") or "",
        health=body.get("healthStatus") or "UNKNOWN",
        image=body.get("image") or "",
        digest=body.get("imageDigest") or "",
    )


def _address(attachments: Sequence[Mapping[str, Any]]) -> str:
    for attachment in attachments:
        if attachment.get("type") == "ElasticNetworkInterface":
            details = {one["name"]: one.get("value", "") for one in attachment.get("details") or ()}
            return str(details.get("privateIPv4Address", ""))
    return ""


def _number(text: object) -> int:
    return int(text) if isinstance(text, int | str) and str(text).isdecimal() else 0
