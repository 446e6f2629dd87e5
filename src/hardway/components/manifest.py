"""API objects as resources: canonical JSON, what they wait for, and conditions to wait for. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hardway.components.layout import (
    API_SERVER_UNIT,
    BREAK_GLASS_KUBECONFIG,
    HAPROXY_UNIT,
    KEEPALIVED_UNIT,
    KUBECONFIG,
    unit_id,
)
from hardway.resources.base import OPERATOR, Chapter
from hardway.resources.kubernetes import Condition, KubeObject, object_name
from hardway.spec.model import HAPROXY, Cluster

Body = Mapping[str, Any]


def kube_object(chapter: Chapter, body: Body, needs: tuple[str, ...] = ()) -> KubeObject:
    """An object from its body; keys are sorted, so that the same object is the same text."""
    manifest = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return KubeObject(chapter=chapter, manifest=manifest, needs=needs)


def kube_objects(chapter: Chapter, bodies: Sequence[Body], needs: tuple[str, ...]) -> tuple[KubeObject, ...]:
    """Objects that need the same; those in a namespace among them wait for it too."""
    namespaces = {body["metadata"]["name"]: object_id(body) for body in bodies if body["kind"] == "Namespace"}

    def all_needs(body: Body) -> tuple[str, ...]:
        namespace = body["metadata"].get("namespace")
        return (*needs, namespaces[namespace]) if namespace in namespaces else needs

    return tuple(kube_object(chapter, body, all_needs(body)) for body in bodies)


def object_id(body: Body) -> str:
    """The id that the object has as a resource."""
    return f"{KubeObject.kind}:{OPERATOR}:{object_name(body)}"


def meta(name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    """An object's metadata."""
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def daemon_set(name: str, namespace: str, labels: Mapping[str, str], pod: Body) -> Body:
    """A pod on every node that it tolerates."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta(name, namespace, labels=labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def rolled(chapter: Chapter, body: Body) -> Condition:
    """Wait until a DaemonSet runs what it says on every node."""
    return Condition(
        chapter=chapter,
        api_version=body["apiVersion"],
        object_kind=body["kind"],
        namespace=body["metadata"]["namespace"],
        object_name=body["metadata"]["name"],
        condition="Rolled",
        needs=(object_id(body),),
    )


def api_answers(cluster: Cluster) -> tuple[str, ...]:
    """Ids of what must be in place before the operator can ask anything of the API: every way to it."""
    balancers = cluster.balancers if cluster.balancer.kind == HAPROXY else ()
    return (
        f"state-file:{OPERATOR}:{KUBECONFIG}",
        f"state-file:{OPERATOR}:{BREAK_GLASS_KUBECONFIG}",
        *(unit_id(master.name, API_SERVER_UNIT) for master in cluster.masters),
        *(unit_id(one.name, unit) for one in balancers for unit in (HAPROXY_UNIT, KEEPALIVED_UNIT)),
    )
