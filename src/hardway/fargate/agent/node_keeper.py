"""Keeps the node on the API: its lease, its status, its labels and taint; makes it again where somebody deleted it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from hardway.fargate.agent.cluster import MERGE
from hardway.fargate.faults import FargateFault
from hardway.fargate.node import (
    LEASE_NAMESPACE,
    LEASE_SECONDS,
    RENEW_SECONDS,
    TAINT,
    held_by_another,
    labels,
    lease,
    node,
    node_status,
)
from hardway.fargate.settings import Settings
from hardway.kube.api import ApiError, ApiUnavailable, Body, api_error
from hardway.kube.client import KubeClient

STATUS_EVERY: Final = 60.0
"""Seconds between two reports of an unchanged status."""
log = logging.getLogger(__name__)


class NameTaken(FargateFault):
    """Another agent keeps a node of this name."""


class NodeKeeper:
    """One node."""

    def __init__(
        self, client: KubeClient, settings: Settings, holder: str, address: str, trouble: Callable[[], str]
    ) -> None:
        """`holder` is who we are on the lease; `trouble` says why the node is not ready, or ""."""
        self._client = client
        self._settings = settings
        self._holder = holder
        self._address = address
        self._trouble = trouble
        self._version = ""
        self._uid = ""
        self._reported: tuple[float, str] | None = None

    async def take(self) -> None:
        """Become the one who keeps it. Raises NameTaken, ApiError, ApiUnavailable."""
        self._version = await self._kubernetes_version()
        await self._register()
        await self._renew()
        await self._report()

    async def run(self) -> None:
        """For ever. Raises NameTaken where another agent has taken the node over."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._renew()
                if self._is_due():
                    await self._register()
                    await self._report()
            except (ApiError, ApiUnavailable) as fault:
                log.warning("node %s: %s", self._settings.node_name, fault)

    async def _kubernetes_version(self) -> str:
        answer = await self._client.request("GET", "/version")
        return str(answer.json().get("gitVersion", "")).removeprefix("v") if answer.status == 200 else "0.0.0"

    async def _register(self) -> None:
        """The node is there, with our labels and taint; those of others stay."""
        found = await self._client.get("v1", "Node", self._settings.node_name)
        if found is None:
            found = await self._client.create(node(self._settings))
            log.info("node %s is registered", self._settings.node_name)
        self._uid = found["metadata"]["uid"]
        taints = found["spec"].get("taints") or []
        has_taint = any(one.get("key") == TAINT["key"] for one in taints)
        wanted = labels(self._settings)
        has_labels = wanted.items() <= (found["metadata"].get("labels") or {}).items()
        if has_taint and has_labels:
            return
        body: Body = {"metadata": {"labels": wanted}}
        if not has_taint:
            body["spec"] = {"taints": [*taints, TAINT]}
        await self._patch("", body)

    async def _report(self) -> None:
        trouble = self._trouble()
        found = await self._client.get("v1", "Node", self._settings.node_name) or {}
        now = datetime.now(UTC)
        status = node_status(self._settings, self._address, self._version, now, found, trouble)
        await self._patch("/status", {"status": status})
        self._reported = (time.monotonic(), trouble)

    def _is_due(self) -> bool:
        if self._reported is None:
            return True
        at, trouble = self._reported
        return trouble != self._trouble() or time.monotonic() - at >= STATUS_EVERY

    async def _patch(self, subresource: str, body: Body) -> None:
        path = f"/api/v1/nodes/{self._settings.node_name}{subresource}"
        answer = await self._client.request("PATCH", path, body, content_type=MERGE)
        if answer.status >= 400:
            raise api_error(answer)

    async def _renew(self) -> None:
        """Ours, for another while. Raises NameTaken where it is another's."""
        wanted = lease(self._settings, self._holder, self._uid, datetime.now(UTC))
        found = await self._client.get("coordination.k8s.io/v1", "Lease", self._settings.node_name, LEASE_NAMESPACE)
        if found is None:
            await self._client.create(wanted)
            return
        other = held_by_another(found, self._holder, datetime.now(UTC))
        if other:
            raise NameTaken(
                f"node {self._settings.node_name} is kept by another agent: {other}",
                advice=f"give this one another NodeName, or end the other: {LEASE_SECONDS} s later its lease is over",
            )
        meta = {**found["metadata"], "ownerReferences": wanted["metadata"]["ownerReferences"]}
        await self._replace({**found, "metadata": meta, "spec": wanted["spec"]})

    async def _replace(self, body: Body) -> None:
        """With the version that was read: of two who try at once, one gets a conflict."""
        path = await self._client.path(
            "coordination.k8s.io/v1", "Lease", self._settings.node_name, namespace=LEASE_NAMESPACE
        )
        answer = await self._client.request("PUT", path, body)
        if answer.status >= 400:
            raise api_error(answer)
