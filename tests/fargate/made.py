"""Pods, settings and tasks for the tests of the pure parts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hardway.fargate.mapping import pods
from hardway.fargate.settings import Settings
from hardway.fargate.status import Scene
from hardway.fargate.tasks import Task, TaskContainer
from hardway.kube.api import Body

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCENE = Scene(NOW, "192.0.2.1", {})
ROLE = "arn:aws:iam::123456789012:role/execution"
UID = "11111111-2222-3333-4444-555555555555"


def settings(**values: Any) -> Settings:
    given = {
        "Region": "ap-northeast-1",
        "ClusterName": "blog",
        "Subnets": ["subnet-0a"],
        "SecurityGroups": ["sg-0a"],
        "ExecutionRoleArn": ROLE,
        **values,
    }
    return Settings.model_validate(given)


def container(name: str = "web", **fields: Any) -> Body:
    return {"name": name, "image": "httpd", **fields}


def pod(*containers: Body, uid: str = UID, name: str = "httpd-1", **spec: Any) -> Body:
    """Like one that was just bound to the node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": uid, "labels": {"app": "httpd"}},
        "spec": {"containers": list(containers or (container(),)), "nodeName": "virtual-kubelet", **spec},
        "status": {"phase": "Pending"},
    }


def config_map(name: str, **data: str) -> Body:
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def task_container(
    name: str = "web", status: str = "RUNNING", exit_code: int | None = None, **other: str
) -> TaskContainer:
    return TaskContainer(
        name, status, exit_code, other.get("reason", ""), other.get("health", "UNKNOWN"), "httpd", "sha256:1"
    )


def task(of: Body, status: str = "RUNNING", *containers: TaskContainer, **fields: Any) -> Task:
    """One of the pod's, running since NOW unless something else is said."""
    given: dict[str, Any] = {
        "arn": "arn:aws:ecs:ap-northeast-1:123456789012:task/blog/1",
        "uid": pods.uid(of),
        "namespace": "default",
        "name": of["metadata"]["name"],
        "status": status,
        "wanted": "STOPPED" if status in ("STOPPED", "STOPPING") else "RUNNING",
        "containers": containers or (task_container(),),
        "images": pods.images_hash(of),
        "restarts": 0,
        "created": NOW,
        "started": NOW,
        "stopped": NOW if status == "STOPPED" else None,
        "stop_code": "EssentialContainerExited" if status == "STOPPED" else "",
        "stopped_reason": "Essential container in task exited" if status == "STOPPED" else "",
        "address": "10.0.0.9",
        "cpu": 256,
        "memory": 512,
        **fields,
    }
    return Task(**given)
