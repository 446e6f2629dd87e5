"""What a project asks of a cluster beyond its objects: a way in, storage classes, what others have. Reads the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hardway.compose.converting.convert import Converted
from hardway.compose.resources import CLAIM
from hardway.kube.api import Access, Body
from hardway.plan.steps import Action, Plan
from hardway.resources.base import Seen
from hardway.resources.kubernetes import KubeObject

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

GONE_WITHIN: Final = 180.0
"""Seconds that a project may take to end: databases are given two minutes to write out what they hold."""
PAUSE: Final = 0.5
"""Seconds between two looks at what is going: pods and the namespace are of two kinds, and no one watch has both."""
_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"


@asynccontextmanager
async def client_of(kubeconfig: Path) -> AsyncIterator[KubeClient]:
    """Raises ApiUnavailable."""
    from hardway.kube.client import KubeClient

    async with KubeClient(Access(kubeconfig)) as client:
        yield client


def others(seen: Mapping[str, Seen], plan: Plan) -> Iterator[str]:
    """Objects of the names that this project needs and that are somebody else's: they are not touched."""
    for step in plan.steps:
        found = seen.get(step.id)
        if isinstance(step.resource, KubeObject) and found and found.exists and not found.owned:
            yield f"{step.resource.name} is there, and is none of this project's"


async def lacking(kubeconfig: Path, converted: Converted, plan: Plan) -> Sequence[str]:
    """What its volumes need and the cluster does not have, a line each."""
    new = {step.resource.name for step in plan.steps if step.action is Action.CREATE}
    claims = [body for body in converted.claims if _name(body, converted) in new]
    external = [*_external(converted)]
    if not claims and not external:
        return ()
    async with client_of(kubeconfig) as client:
        classes, there = await asyncio.gather(
            client.list("storage.k8s.io/v1", "StorageClass"),
            client.list("v1", CLAIM, converted.names.namespace),
        )
    names = {body["metadata"]["name"] for body in there}
    missing = [
        f"the volume {name} is external, and no {CLAIM} of that name is there" for name in external if name not in names
    ]
    return (*missing, *_classes_lacking(claims, classes))


def _name(body: Body, converted: Converted) -> str:
    return f"v1/{CLAIM}/{converted.names.namespace}/{body['metadata']['name']}"


def _external(converted: Converted) -> Iterator[str]:
    made = {body["metadata"]["name"] for body in converted.claims}
    used = {key for workload in converted.workloads for key in workload.claims}
    for key in used:
        if converted.names.claims[key] not in made:
            yield converted.names.claims[key]


def _classes_lacking(claims: Sequence[Body], classes: Sequence[Body]) -> Iterator[str]:
    known = {one["metadata"]["name"] for one in classes}
    default = any(one["metadata"].get("annotations", {}).get(_DEFAULT_CLASS) == "true" for one in classes)
    for body in claims:
        name, wanted = body["metadata"]["name"], body["spec"].get("storageClassName")
        if wanted and wanted not in known:
            yield f"the volume {name} asks for StorageClass {wanted}, and there is none of that name"
        if not wanted and not default:
            listed = (
                f"name one with x-hardway: {{class: ...}} ({', '.join(sorted(known))})"
                if known
                else "put `storage: {kind: local}` into its spec, and `hardway up`"
            )
            yield f"the volume {name} needs a StorageClass, and the cluster has no default one: {listed}"


async def await_gone(kubeconfig: Path, namespace: str, selector: str, *, whole: bool) -> str:
    """Wait until a project's pods are gone, and its namespace where `whole`; empty, or what is left after the time."""
    left = ""
    async with client_of(kubeconfig) as client:
        try:
            async with asyncio.timeout(GONE_WITHIN) as limit:
                while True:
                    left = await _left(client, namespace, selector, whole)
                    if not left:
                        break
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            if not limit.expired():
                raise
    return left


async def _left(client: KubeClient, namespace: str, selector: str, whole: bool) -> str:
    if whole:
        space = await client.get("v1", "Namespace", namespace)
        return f"namespace {namespace}" if space else ""
    pods = await client.list("v1", "Pod", namespace, labels=selector)
    return ", ".join(f"pod {one['metadata']['name']}" for one in pods[:3])
