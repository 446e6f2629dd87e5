"""What the agent does at the Kubernetes API for a pod: status, final delete, events, and reading what it refers to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hardway.fargate.mapping.objects import Objects, references
from hardway.fargate.status import rfc3339
from hardway.kube.api import ApiError, Body, api_error
from hardway.kube.client import KubeClient

MERGE = "application/merge-patch+json"
COMPONENT = "hardway-fargate"


class ClusterDoor:
    """The API, for pods. Each raises ApiError, ApiUnavailable."""

    def __init__(self, client: KubeClient, node: str) -> None:
        self._client = client
        self._node = node

    async def report(self, pod: Body, status: Body) -> Body | None:
        """The pod with its new status; None where it is gone, or is another one of that name."""
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        answer = await self._client.request("PATCH", f"{_path(pod)}/status", body, content_type=MERGE)
        if answer.status in (404, 409):
            return None
        if answer.status >= 400:
            raise api_error(answer)
        return answer.json()

    async def finish(self, pod: Body) -> None:
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        answer = await self._client.request("DELETE", _path(pod), body)
        if answer.status >= 400 and answer.status not in (404, 409):
            raise api_error(answer)

    async def tell(self, pod: Body, kind: str, reason: str, message: str) -> None:
        """An Event."""
        meta = pod["metadata"]
        now = rfc3339(datetime.now(UTC))
        about = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        await self._client.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{meta['name'][:200]}.{uuid4().hex[:16]}", "namespace": meta["namespace"]},
                "involvedObject": {"apiVersion": "v1", "kind": "Pod", **about},
                "type": kind,
                "reason": reason,
                "message": message[:1024],
                "source": {"component": COMPONENT, "host": self._node},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
            }
        )

    async def read(self, pod: Body) -> Objects:
        """The ConfigMaps and Secrets that the pod refers to, each by its name."""
        found: dict[Any, Body | None] = {}
        for reference in references(pod):
            body = await self._client.get("v1", reference.kind, reference.name, pod["metadata"]["namespace"])
            found[reference] = None if body is None else {**body, "kind": reference.kind}
        return found

    async def may(self, user: str, groups: list[str], verb: str, subresource: str) -> bool:
        """Whether a user may ask the node for that (kubelet authorization: resource nodes, with its subresources)."""
        attributes = {"verb": verb, "resource": "nodes", "subresource": subresource, "name": self._node}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": user, "groups": groups, "resourceAttributes": attributes},
        }
        try:
            answer = await self._client.create(review)
        except ApiError:
            return False
        return bool(answer.get("status", {}).get("allowed"))


def _path(pod: Body) -> str:
    meta = pod["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
