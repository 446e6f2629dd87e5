"""Why the pods of a workload do not run: what their containers say, else the last warning about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardway.kube.conditions import pod_trouble, warning

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient


async def workload_trouble(client: KubeClient, namespace: str, labels: str) -> str:
    """In one line; empty where nothing is said. `labels` is a selector. Raises ApiError, ApiUnavailable."""
    pods = await client.list("v1", "Pod", namespace, labels=labels)
    said = pod_trouble(pods)
    if said:
        return said
    names = {pod["metadata"]["name"] for pod in pods}
    return warning(await client.list("v1", "Event", namespace, fields="type=Warning,involvedObject.kind=Pod"), names)
