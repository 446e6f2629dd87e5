"""Pods and tasks side by side, with what they cost: `hardway fargate ps`. Only looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.cloud import Cloud
from hardway.fargate.mapping import pods
from hardway.fargate.prices import per_hour
from hardway.fargate.settings import Settings
from hardway.fargate.tasks import Task
from hardway.kube.api import Body
from hardway.kube.client import KubeClient


@dataclass(frozen=True, slots=True)
class Pair:
    """A pod and a task of it; either may be missing."""

    pod: str
    phase: str
    """"" where there is no pod."""
    task: str
    """Its id, "" where there is none."""
    status: str
    address: str
    cpu: float
    """vCPUs."""
    memory: int
    """MiB."""
    usd_per_hour: float
    """0 for a task that has stopped."""


async def pairs(settings: Settings, aws: Aws, client: KubeClient) -> list[Pair]:
    """Raises AwsRefused, ApiError, ApiUnavailable."""
    found = await client.list("v1", "Pod", fields=f"spec.nodeName={settings.node_name}")
    by_uid = {pods.uid(pod): pod for pod in found}
    tasks = await Cloud(aws, settings).tasks(())
    return sorted(_pairs(by_uid, tasks, settings), key=lambda pair: (pair.pod, pair.task))


def _pairs(by_uid: dict[str, Body], tasks: list[Task], settings: Settings) -> Iterator[Pair]:
    shown = [task for task in tasks if not task.is_stopped]
    for task in shown:
        pod = by_uid.get(task.uid)
        phase = pods.phase(pod) if pod else ""
        cost = per_hour(task.cpu, task.memory, settings.architecture)
        name = f"{task.namespace}/{task.name}"
        yield Pair(name, phase, task.id, task.status, task.address, task.cpu / 1024, task.memory, cost)
    for uid in by_uid.keys() - {task.uid for task in shown}:
        pod = by_uid[uid]
        yield Pair(pods.full_name(pod), pods.phase(pod), "", "", "", 0.0, 0, 0.0)
