"""A converted project as resources with their order: what is made before what, and what is waited for. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from hardway.compose.converting.convert import Converted, by_name
from hardway.compose.converting.names import project_labels
from hardway.compose.converting.parts import Body
from hardway.compose.converting.workloads import Workload
from hardway.compose.model import When
from hardway.kube.conditions import ROLLED
from hardway.kube.ownership import Ownership
from hardway.resources.base import OPERATOR, Chapter, Resource
from hardway.resources.kubernetes import Condition, KubeObject, object_name

CLAIM: Final = "PersistentVolumeClaim"
COMPLETE: Final = "Complete"
"""A Job's own condition."""
WITHIN: Final = 300.0
"""Seconds that a service may take to be ready."""

KINDS: Final = (
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", CLAIM),
    ("apps/v1", "Deployment"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
)
"""Of which a project has objects."""
REPLACED: Final = frozenset({"Service", "Job"})
"""A Service with an address of its own cannot become one without, a Job that failed is tried again; nothing is lost by
making them anew."""


def ownership(project: str, namespace: str) -> Ownership:
    """By which a project's objects are known, and nothing else is."""
    return Ownership(project_labels(project), KINDS, namespace, Chapter.APPLICATION, REPLACED)


def resources(converted: Converted) -> tuple[Resource, ...]:
    """Everything that a project is, each with what must be before it.

    All Services are before any workload: programs look others' names up when they start, some of them only then.
    """
    return tuple(_resources(converted))


def _resources(converted: Converted) -> Iterator[Resource]:
    space = _object(converted.namespace)
    yield space
    supporting = [_object(body, space.id) for body in (*converted.claims, *converted.objects)]
    yield from supporting
    before = (space.id, *(one.id for one in supporting))
    workloads = by_name(converted.workloads)
    awaited = {
        one.service for each in converted.workloads for one in each.service.depends_on if one.when is When.COMPLETED
    }
    for workload in converted.workloads:
        needs = (needed for one in workload.service.depends_on for needed in _needed(workloads[one.service], one.when))
        made = _object(workload.body, *before, *needs)
        yield made
        if workload.kind != "Job" or workload.service.name in awaited:
            yield _condition(workload, made.id)


def _object(body: Body, *needs: str) -> KubeObject:
    manifest = json.dumps(body, sort_keys=True)
    return KubeObject(chapter=Chapter.APPLICATION, manifest=manifest, needs=tuple(dict.fromkeys(needs)))


def _object_id(body: Body) -> str:
    return f"{KubeObject.kind}:{OPERATOR}:{object_name(body)}"


def _needed(workload: Workload, when: When) -> Iterator[str]:
    """What another service waits for: that it is begun, or that it is ready or done."""
    yield _object_id(workload.body)
    if when is When.COMPLETED or (when is When.HEALTHY and workload.kind != "Job"):
        yield _condition(workload).id


def _condition(workload: Workload, *needs: str) -> Condition:
    meta = workload.body["metadata"]
    return Condition(
        chapter=Chapter.APPLICATION,
        api_version=workload.body["apiVersion"],
        object_kind=workload.kind,
        namespace=meta["namespace"],
        object_name=meta["name"],
        condition=COMPLETE if workload.kind == "Job" else ROLLED,
        within=WITHIN,
        needs=needs,
    )
