"""Conditions: whether they hold, why not, and the watch until they do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from hardway.kube.api import Body
from hardway.kube.conditions import HOLDS, ROLLED, failed, holds, rolled, why_not
from hardway.kube.trouble import workload_trouble
from hardway.resources.kubernetes import Condition

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient


class Hopeless(Exception):
    """A condition that will not come true any more; says why."""


async def held(client: KubeClient, condition: Condition, body: Body | None) -> str:
    """ "yes", or "no: <why>", of an object as it is now."""
    if condition.condition == ROLLED:
        nodes = await client.list("v1", "Node") if condition.object_kind == "DaemonSet" else ()
        return rolled(body, len(nodes))
    return holds(condition.condition, body)


async def the_object(client: KubeClient, of: Condition) -> Body | None:
    """What the condition is of."""
    return await client.get(of.api_version, of.object_kind, of.object_name, of.namespace)


async def watch(client: KubeClient, condition: Condition, waiting: Callable[[str], None]) -> bool:
    """Whether it came to hold before the watch ended. Raises Hopeless."""
    where = (condition.api_version, condition.object_kind, condition.namespace)
    if await the_object(client, condition) is None:
        waiting(why_not(await held(client, condition, None)))
    async with aclosing(client.watch(*where, fields=f"metadata.name={condition.object_name}")) as events:
        async for event in events:
            body = None if event.type == "DELETED" else event.object
            answer = await held(client, condition, body)
            if answer == HOLDS:
                return True
            if lost := failed(body):
                raise Hopeless(lost)
            waiting(await explained(client, body, why_not(answer)))
    return False


async def explained(client: KubeClient, body: Body | None, why: str) -> str:
    """With what the pods of a workload say."""
    labels = (body or {}).get("spec", {}).get("selector", {})
    if body is None or "matchLabels" not in labels:
        return why
    selector = ",".join(f"{key}={value}" for key, value in labels["matchLabels"].items())
    trouble = await workload_trouble(client, body["metadata"]["namespace"], selector)
    return f"{why} ({trouble})" if trouble else why
