"""When a pod has ended by its task's end, and when another task follows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from hardway.fargate.mapping import pods
from hardway.fargate.memory import Launch, back_off
from hardway.fargate.status import Scene, finished, succeeded, why
from hardway.fargate.tasks import Task
from hardway.kube.api import Body

CONFIGURATION: Final = "CreateContainerConfigError"
"""A waiting container's reason where something that it refers to is not there."""
LOOK_AGAIN: Final = timedelta(seconds=10)
"""For what somebody may have created meanwhile."""
LONG_RUN: Final = timedelta(minutes=10)
"""A task that ran so long begins the back-off anew, as the kubelet's does."""


def deadline_exceeded(pod: Body, now: datetime) -> bool:
    seconds = pod["spec"].get("activeDeadlineSeconds")
    start = (pod.get("status") or {}).get("startTime")
    return seconds is not None and start is not None and now >= pods.time_of(start) + timedelta(seconds=int(seconds))


def end_of(pod: Body, last: Task, scene: Scene) -> Body | None:
    """The pod's last status, None where another task is to follow."""
    if deadline_exceeded(pod, scene.now):
        return finished(pod, last, scene, "DeadlineExceeded", "it was active longer than activeDeadlineSeconds")
    if last.images != pods.images_hash(pod) or not last.ran:
        return None
    policy = pods.restart_policy(pod)
    if policy == "Never" or (policy == "OnFailure" and succeeded(pod, last)):
        return finished(pod, last, scene)
    return None


def due(tasks: Sequence[Task], now: datetime) -> datetime:
    """When the next task may follow these, oldest first, the last one stopped."""
    short = 0
    for task in reversed(tasks):
        if not task.is_stopped or _ran_long(task):
            break
        short += 1
    return (tasks[-1].stopped or now) + back_off(max(1, short))


def _ran_long(task: Task) -> bool:
    return task.started is not None and task.stopped is not None and task.stopped - task.started >= LONG_RUN


def next_try(launch: Launch) -> datetime:
    """When a start that was refused is tried again."""
    if launch.at is None:
        raise ValueError("this start was never tried")
    return launch.at + (LOOK_AGAIN if launch.reason == CONFIGURATION else back_off(launch.tries))


def reason(last: Task) -> tuple[str, str]:
    """Why a container waits after that task: the reason and the message."""
    said = why(last)
    if last.ran:
        return "CrashLoopBackOff", f"waits before it is started again; the last end: {said}"
    if "CannotPull" in said or "pull image" in said:
        return "ErrImagePull", said
    if "Capacity is unavailable" in said or "capacity" in said.lower():
        return "CapacityUnavailable", said
    return "CreateContainerError", said
