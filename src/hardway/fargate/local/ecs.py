"""ECS: clusters, task definitions, tasks. In memory; each task lives by `lifecycle`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.definitions import Definitions
from hardway.fargate.local.errors import ApiFault
from hardway.fargate.local.task import Container, Task

PAGE: Final = 100
FORGOTTEN_AFTER: Final = 3600.0
"""Seconds that a stopped task is told of."""


@dataclass
class Ecs:
    """All of ECS in an account's region."""

    account: str
    region: str
    behaviour: Behaviour
    live: Callable[[Task], Coroutine[Any, Any, None]]
    """Lives a task."""
    clusters: set[str] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)
    tokens: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Of a clientToken, the request and the tasks that it made."""
    lives: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.account, self.region)

    # Clusters

    def CreateCluster(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request.get("clusterName", "default")
        self.clusters.add(name)
        return {"cluster": self._cluster(name)}

    def DescribeClusters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = [one.rpartition("/")[2] for one in request.get("clusters", ["default"])]
        found = [self._cluster(name) for name in names if name in self.clusters]
        failures = [
            {"arn": self._cluster_arn(name), "reason": "MISSING"} for name in names if name not in self.clusters
        ]
        return {"clusters": found, "failures": failures}

    def _cluster(self, name: str) -> dict[str, Any]:
        running = [one for one in self.tasks.values() if one.cluster == self._cluster_arn(name)]
        return {
            "clusterArn": self._cluster_arn(name),
            "clusterName": name,
            "status": "ACTIVE",
            "runningTasksCount": sum(1 for one in running if one.status == "RUNNING"),
            "pendingTasksCount": sum(1 for one in running if one.status in ("PROVISIONING", "PENDING", "ACTIVATING")),
        }

    def _cluster_arn(self, name: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:cluster/{name.rpartition('/')[2]}"

    def _known_cluster(self, request: Mapping[str, Any]) -> str:
        name = str(request.get("cluster", "default")).rpartition("/")[2]
        if name not in self.clusters:
            raise ApiFault("ClusterNotFoundException", "Cluster not found.")
        return name

    # Task definitions

    def RegisterTaskDefinition(self, request: Mapping[str, Any]) -> dict[str, Any]:
        made = self.definitions.register(request)
        return {"taskDefinition": made, "tags": self.definitions.tags[made["taskDefinitionArn"]]}

    def DescribeTaskDefinition(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.definitions.find(request["taskDefinition"])
        tags = self.definitions.tags[found["taskDefinitionArn"]] if "TAGS" in request.get("include", ()) else []
        return {"taskDefinition": found, "tags": tags}

    def DeregisterTaskDefinition(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"taskDefinition": self.definitions.deregister(request["taskDefinition"])}

    def DeleteTaskDefinitions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"taskDefinitions": [self.definitions.delete(one) for one in request["taskDefinitions"]], "failures": []}

    def ListTaskDefinitionFamilies(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.definitions.active_families(request.get("familyPrefix", ""))
        return self._page("families", found, request)

    def ListTaskDefinitions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._page("taskDefinitionArns", self.definitions.active(request.get("familyPrefix", "")), request)

    def _page(self, key: str, items: Sequence[str], request: Mapping[str, Any]) -> dict[str, Any]:
        token = request.get("nextToken", "0")
        begin = int(token) if token.isdecimal() else 0
        size = min(request.get("maxResults", PAGE), PAGE)
        page = {key: list(items[begin : begin + size])}
        return page if begin + size >= len(items) else {**page, "nextToken": str(begin + size)}

    # Tasks

    def RunTask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        cluster = self._known_cluster(request)
        token = request.get("clientToken", "")
        asked = json.dumps({key: value for key, value in request.items() if key != "clientToken"}, sort_keys=True)
        if token in self.tokens:
            before, arns = self.tokens[token]
            if before != asked:
                raise ApiFault("ConflictException", "The clientToken was used with other parameters before.")
            return {"tasks": [self.tasks[arn].body(tags=True) for arn in arns if arn in self.tasks], "failures": []}
        self._check(request)
        made = [self._new_task(cluster, request) for _ in range(request.get("count", 1))]
        if token:
            self.tokens[token] = (asked, [one.arn for one in made])
        return {"tasks": [one.body(tags=True) for one in made], "failures": []}

    def _check(self, request: Mapping[str, Any]) -> None:
        definition = self.definitions.find(request["taskDefinition"])
        if definition["status"] != "ACTIVE":
            raise ApiFault("ClientException", "TaskDefinition is inactive")
        if request.get("launchType") != "FARGATE":
            raise ApiFault("InvalidParameterException", "No Container Instances were found in your cluster.")
        if "awsvpcConfiguration" not in request.get("networkConfiguration", {}):
            what = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            raise ApiFault("InvalidParameterException", what)
        if len(request.get("startedBy", "")) > 128 or len(request.get("clientToken", "")) > 64:
            raise ApiFault("InvalidParameterException", "startedBy or clientToken is too long.")

    def _new_task(self, cluster: str, request: Mapping[str, Any]) -> Task:
        definition = self.definitions.find(request["taskDefinition"])
        name = uuid4().hex
        base = f"arn:aws:ecs:{self.region}:{self.account}"
        containers = [
            Container(one, f"{base}:container/{cluster}/{name}/{uuid4()}") for one in definition["containerDefinitions"]
        ]
        task = Task(f"{base}:task/{cluster}/{name}", self._cluster_arn(cluster), definition, request, containers)
        self.tasks[task.arn] = task
        life = asyncio.get_running_loop().create_task(self.live(task))
        self.lives.add(life)
        life.add_done_callback(self.lives.discard)
        return task

    def StopTask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        cluster = self._known_cluster(request)
        task = self._find(cluster, request["task"])
        if task is None:
            raise ApiFault("InvalidParameterException", "The referenced task was not found.")
        task.stop("UserInitiated", request.get("reason", "Task stopped by user"))
        return {"task": task.body(tags=False)}

    def ListTasks(self, request: Mapping[str, Any]) -> dict[str, Any]:
        cluster = self._cluster_arn(self._known_cluster(request))
        by, wanted = request.get("startedBy"), request.get("desiredStatus", "RUNNING")
        if by is not None and ("desiredStatus" in request or "family" in request):
            raise ApiFault("InvalidParameterException", "startedBy must be the only filter.")
        family = request.get("family")
        found = [
            one.arn
            for one in self.tasks.values()
            if one.cluster == cluster
            and self._is_told(one)
            and one.wanted == wanted
            and by in (None, one.request.get("startedBy"))
            and family in (None, one.definition["family"])
        ]
        return self._page("taskArns", found, request)

    def DescribeTasks(self, request: Mapping[str, Any]) -> dict[str, Any]:
        cluster = self._known_cluster(request)
        if len(request["tasks"]) > PAGE:
            raise ApiFault("InvalidParameterException", "tasks must have at most 100 items.")
        named = {one: self._find(cluster, one) for one in request["tasks"]}
        there = {arn: one for arn, one in named.items() if one is not None and self._is_told(one)}
        tags = "TAGS" in request.get("include", ())
        failures = [{"arn": arn, "reason": "MISSING"} for arn in named if arn not in there]
        return {"tasks": [one.body(tags=tags) for one in there.values()], "failures": failures}

    def _find(self, cluster: str, name: str) -> Task | None:
        arn = name if name.startswith("arn:") else f"arn:aws:ecs:{self.region}:{self.account}:task/{cluster}/{name}"
        return self.tasks.get(arn)

    def _is_told(self, task: Task) -> bool:
        """Not yet for a moment after its start, and no more an hour after its end."""
        now = time.time()
        stopped = task.times.get("stoppedAt")
        if stopped is not None and now - stopped.timestamp() > FORGOTTEN_AFTER:
            return False
        return now - task.created.timestamp() >= self.behaviour.lag

    async def close(self) -> None:
        """End all tasks."""
        for task in list(self.tasks.values()):
            task.stop("UserInitiated", "the local Fargate ends")
        if self.lives:
            await asyncio.wait(self.lives, timeout=20)
