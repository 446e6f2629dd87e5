"""The pods of the node as the API has them, kept up to date by list and watch. Says whether the view can be trusted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from hardway.fargate.mapping import pods
from hardway.kube.api import ApiError, ApiUnavailable, Body
from hardway.kube.client import KubeClient

RESYNC: Final = 60.0
"""Seconds after which a watch is begun anew: a connection may be dead without a word."""
LONGEST_PAUSE: Final = 15.0
log = logging.getLogger(__name__)


class PodWatch:
    """Pods by uid."""

    def __init__(self, client: KubeClient, node: str, on_change: Callable[[], None]) -> None:
        self._client = client
        self._fields = f"spec.nodeName={node}"
        self._on_change = on_change
        self.pods: dict[str, Body] = {}
        self.healthy = False
        """Whether what is not here is not there: since the last list the watch has not failed."""

    async def run(self) -> None:
        """For ever."""
        pause = 0.5
        while True:
            try:
                version = await self._list()
                pause = 0.5
                await self._follow(version)
            except ApiError as fault:
                if fault.status != 410:  # forgotten versions are no trouble: all are listed again
                    self._lost(f"the Kubernetes API refused the watch: {fault}")
            except ApiUnavailable as fault:
                self._lost(f"the Kubernetes API does not answer: {fault}")
            except (ValueError, LookupError) as fault:
                self._lost(f"the Kubernetes API answered what cannot be read: {type(fault).__name__}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _lost(self, why: str) -> None:
        log.warning(why)
        self.healthy = False

    async def _list(self) -> str:
        path = "/api/v1/pods"
        answer = await self._client.request("GET", path, params={"fieldSelector": self._fields})
        if answer.status >= 400:
            raise ApiError(answer.status, "", answer.text[:300])
        body = answer.json()
        self.pods = {pods.uid(one): one for one in body["items"]}
        self.healthy = True
        self._on_change()
        return str(body["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> None:
        """Until the watch fails; raises what it fails with."""
        while True:
            try:
                async with asyncio.timeout(RESYNC):
                    stream = self._client.watch("v1", "Pod", fields=self._fields, since=version)
                    async with aclosing(stream) as events:
                        async for event in events:
                            version = event.object["metadata"]["resourceVersion"]
                            self._take(event.type, event.object)
            except TimeoutError:
                continue

    def _take(self, kind: str, pod: Body) -> None:
        if kind == "DELETED":
            self.pods.pop(pods.uid(pod), None)
        else:
            self.pods[pods.uid(pod)] = pod
        self._on_change()

    def put(self, pod: Body) -> None:
        """What the API answered to a change, before the watch tells of it; never over something newer."""
        current = self.pods.get(pods.uid(pod))
        if current is None:
            return
        newer = int(pod["metadata"]["resourceVersion"]) > int(current["metadata"]["resourceVersion"])
        if newer:
            self.pods[pods.uid(pod)] = pod
