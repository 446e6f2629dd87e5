"""What the agent does at AWS, each so that it may be done again: tasks told of, started, stopped, cleaned up after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Set
from typing import Any, Final

from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.secret_stores import SecretStore
from hardway.fargate.faults import AwsRefused
from hardway.fargate.mapping import names, pods
from hardway.fargate.mapping.task import Wish, run_task
from hardway.fargate.settings import Settings
from hardway.fargate.tasks import Task, task_of
from hardway.kube.api import Body

BATCH: Final = 100
"""Tasks of one DescribeTasks."""
DELETED_TOGETHER: Final = 10
"""Revisions of one DeleteTaskDefinitions."""


def batched(items: list[str], size: int) -> Iterator[list[str]]:
    """In order, so many at a time."""
    yield from (items[begin : begin + size] for begin in range(0, len(items), size))


class Cloud:
    """The node's part of an ECS cluster."""

    def __init__(self, aws: Aws, settings: Settings) -> None:
        self._aws = aws
        self._settings = settings
        self._secrets = SecretStore(aws, settings)
        self._families: dict[str, str] = {}
        """By uid."""
        self._with_secrets: set[str] = set()
        self._stopped: dict[str, Task] = {}
        """Tasks that have stopped: nothing of them changes any more."""
        self._foreign: set[str] = set()
        """Stopped tasks of others."""

    # What is there

    async def tasks(self, also: Iterable[str]) -> list[Task]:
        """All tasks of the node that AWS knows, and of these others the ones that it knows. Raises AwsRefused."""
        running, stopped = await asyncio.gather(
            self._listed(startedBy=names.started_by(self._settings.node_name)), self._listed(desiredStatus="STOPPED")
        )
        wanted = {*running, *stopped, *also}
        self._foreign &= stopped
        self._stopped = {arn: task for arn, task in self._stopped.items() if arn in wanted}
        unknown = sorted(wanted - self._foreign - self._stopped.keys())
        described = await asyncio.gather(*(self._described(some) for some in batched(unknown, BATCH)))
        found = [task for some in described for task in some]
        self._stopped |= {task.arn: task for task in found if task.is_stopped}
        return [*(task for task in found if not task.is_stopped), *self._stopped.values()]

    async def _listed(self, **filters: str) -> set[str]:
        found: set[str] = set()
        async for page in self._aws.pages("ecs", "ListTasks", cluster=self._settings.cluster, **filters):
            found.update(page["taskArns"])
        return found

    async def _described(self, arns: list[str]) -> list[Task]:
        answer = await self._aws.call(
            "ecs", "DescribeTasks", cluster=self._settings.cluster, tasks=arns, include=["TAGS"]
        )
        bodies: list[dict[str, Any]] = answer["tasks"]
        ours = [task for body in bodies if (task := task_of(body, self._settings.node_name))]
        mine = {task.arn for task in ours}
        self._foreign |= {
            body["taskArn"] for body in bodies if body["taskArn"] not in mine and body.get("lastStatus") == "STOPPED"
        }
        return ours

    @property
    def leftovers(self) -> Set[str]:
        """Uids of pods for which something is kept at AWS, as far as it was seen or made."""
        return self._families.keys() | self._with_secrets

    async def look_for_leftovers(self) -> None:
        """Raises AwsRefused."""
        prefix = names.family_prefix(self._settings.node_name)
        families: dict[str, str] = {}
        async for page in self._aws.pages("ecs", "ListTaskDefinitionFamilies", familyPrefix=prefix, status="ACTIVE"):
            families |= {names.uid_of_family(one): one for one in page["families"]}
        self._families |= families
        self._with_secrets |= await self._secrets.uids()

    # What is done

    async def start(self, pod: Body, wish: Wish, after: str, restarts: int) -> str:
        """Run the task that follows; answers its ARN, also where it was started before. Raises AwsRefused."""
        uid = pods.uid(pod)
        if wish.secrets or wish.logins:
            self._with_secrets.add(uid)
        kept = await self._secrets.keep(uid, wish.secrets, wish.logins)
        self._families[uid] = wish.family
        definition = await self._registered(wish.family, wish.hash)
        if not definition:
            request = wish.definition(kept.values.__getitem__, kept.logins.__getitem__)
            answer = await self._aws.call("ecs", "RegisterTaskDefinition", **request)
            definition = answer["taskDefinition"]["taskDefinitionArn"]
        answer = await self._aws.call("ecs", "RunTask", **run_task(pod, self._settings, definition, after, restarts))
        if not answer["tasks"]:
            failure = (answer.get("failures") or [{}])[0]
            detail = failure.get("detail") or failure.get("arn") or "no task was started"
            raise AwsRefused("ecs:RunTask", failure.get("reason", "NoTask"), detail)
        return str(answer["tasks"][0]["taskArn"])

    async def _registered(self, family: str, wanted: str) -> str:
        """The newest revision, if it is what is wanted: else a crash before RunTask would change its parameters."""
        try:
            answer = await self._aws.call("ecs", "DescribeTaskDefinition", taskDefinition=family, include=["TAGS"])
        except AwsRefused as fault:
            if fault.code == "ClientException":
                return ""
            raise
        tags = {one["key"]: one.get("value", "") for one in answer.get("tags") or ()}
        return str(answer["taskDefinition"]["taskDefinitionArn"]) if tags.get(names.HASH) == wanted else ""

    async def stop(self, arn: str, reason: str) -> None:
        """Raises AwsRefused, but not for a task that is gone."""
        try:
            await self._aws.call("ecs", "StopTask", cluster=self._settings.cluster, task=arn, reason=reason[:1024])
        except AwsRefused as fault:
            if "not found" not in fault.message:
                raise

    async def clean(self, uid: str) -> None:
        """Take away what was made for a pod beside its tasks. Raises AwsRefused."""
        family = self._families.get(uid)
        if family:
            revisions: list[str] = []
            async for page in self._aws.pages("ecs", "ListTaskDefinitions", familyPrefix=family, status="ACTIVE"):
                revisions += page["taskDefinitionArns"]
            for revision in revisions:
                await self._aws.call("ecs", "DeregisterTaskDefinition", taskDefinition=revision)
            for some in batched(revisions, DELETED_TOGETHER):
                await self._aws.call("ecs", "DeleteTaskDefinitions", taskDefinitions=some)
            del self._families[uid]
        if uid in self._with_secrets:
            await self._secrets.remove(uid)
            self._with_secrets.discard(uid)
