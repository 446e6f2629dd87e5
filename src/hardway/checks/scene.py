"""Where checks take place: a client of the API, ways to each machine, one workload for all that goes at the end."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from hardway.checks import wire, workload
from hardway.checks.check import Wrong
from hardway.checks.subject import Subject
from hardway.components.layout import reference
from hardway.kube.api import Access
from hardway.kube.client import KubeClient
from hardway.kube.conditions import HOLDS, holds, why_not
from hardway.kube.trouble import workload_trouble
from hardway.machines.transport import Transport
from hardway.spec.model import Cluster, Machine

STALE: Final = timedelta(minutes=10)
"""Older objects of a verify are of one that was killed: the next one takes them away."""

GONE_WITHIN: Final = 30.0
"""Seconds that taking the workload away may last."""

_CLUSTER_WIDE: Final = (
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("v1", "Namespace"),
)
"""In this order: a namespace cannot go while an API that its probe answered for is registered (discovery fails)."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A probe on a worker."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Workload:
    """The probes and their service."""

    pods: dict[str, Pod]
    """By worker."""
    cluster_ip: str
    node_port: int
    tls: workload.ServingPair

    @property
    def names(self) -> frozenset[str]:
        return frozenset(pod.name for pod in self.pods.values())


class Scene:
    """An asynchronous context manager; what it made is taken away when it ends, also by Ctrl-C."""

    def __init__(self, subject: Subject) -> None:
        """Raises ApiUnavailable where the kubeconfig cannot be read."""
        self.subject = subject
        self.token = secrets.token_hex(4)
        self.space = f"hardway-verify-{self.token}"
        self.kube = KubeClient(Access(subject.kubeconfig))
        self._namespace: asyncio.Task[str] | None = None
        self._workload: asyncio.Task[Workload] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="hardway-verify-")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        await self.kube.__aexit__(None, None, None)
        self._folder.cleanup()

    @property
    def cluster(self) -> Cluster:
        return self.subject.cluster

    @property
    def folder(self) -> Path:
        """For files of one run; private to this user."""
        return Path(self._folder.name)

    # Ways

    async def machine(self, name: str) -> Transport:
        """The transport to a machine. Raises Unreachable."""
        return await self.subject.connect(name)

    async def run(self, machine: str, script: str) -> str:
        """What a script on a machine printed. Raises Unreachable, and Wrong where it failed."""
        result = await (await self.machine(machine)).run(script)
        if result.exit_code != 0:
            lines = (result.stderr or result.stdout).decode(errors="replace").strip().splitlines()
            raise Wrong(f"exit code {result.exit_code}: {lines[-1][:300] if lines else 'it said nothing'}")
        return result.stdout.decode(errors="replace")

    @asynccontextmanager
    async def port(self, machine: str, host: str, port: int) -> AsyncIterator[Path]:
        """A unix socket that leads to host:port as seen from a machine. Raises Unreachable."""
        async with (await self.machine(machine)).forward(host, port) as socket:
            yield socket

    async def get(
        self, machine: str, host: str, port: int, path: str, *, scheme: str = "http", authority: bytes | None = None
    ) -> wire.Answer:
        """GET host:port from a machine, without credentials. Raises Unreachable, httpx.HTTPError."""
        async with self.port(machine, host, port) as socket:
            return await wire.get(socket, f"{scheme}://{host}:{port}{path}", authority)

    @asynccontextmanager
    async def api_of(self, master: Machine, token: str | None = None) -> AsyncIterator[KubeClient]:
        """A client of one master's own API server, past the balancer: as the admin, or by a bearer token."""
        host, port = str(master.address), self.cluster.api.port
        async with self.port(master.name, host, port) as socket:
            access = Access(self.subject.kubeconfig, f"https://{host}:{port}", socket, token)
            async with KubeClient(access) as client:
                yield client

    async def from_pod(self, worker: str, path: str) -> str:
        """What the probe on a worker answers to a request made on that worker. Raises Wrong unless it is 200."""
        pod = (await self.workload()).pods[worker]
        answer = await self.get(worker, pod.address, workload.HTTP, path)
        if answer.status != 200:
            raise Wrong(f"{pod.name} says {answer.status}: {answer.text.strip()[:300]}")
        return answer.text.strip()

    async def fetched(self, worker: str, url: str) -> str:
        """What the probe on a worker got from a URL. Raises Wrong."""
        return await self.from_pod(worker, f"/fetch?url={quote(url, safe='')}")

    async def resolved(self, worker: str, name: str) -> list[str]:
        """The addresses that the probe on a worker got for a name. Raises Wrong."""
        return (await self.from_pod(worker, f"/resolve?name={quote(name, safe='')}")).split()

    # Things

    async def namespace(self) -> str:
        """The namespace of this run, made when first asked for."""
        self._namespace = self._namespace or asyncio.ensure_future(self._make_namespace())
        return await asyncio.shield(self._namespace)

    async def workload(self) -> Workload:
        """The probes, made when first asked for; returns once one runs on every worker."""
        self._workload = self._workload or asyncio.ensure_future(self._make_workload())
        return await asyncio.shield(self._workload)

    async def _make_namespace(self) -> str:
        await self._sweep()
        await self.kube.apply(workload.namespace(self.space, self.token))
        return self.space

    async def _make_workload(self) -> Workload:
        space = await self.namespace()
        tls = workload.serving_pair(space, self.subject.now)
        image = reference(self.cluster, "image-probe")
        bodies = (workload.service_account(space), workload.tls_secret(space, tls), workload.service(space))
        *_, service = await asyncio.gather(*(self.kube.apply(body) for body in bodies))
        await self.kube.apply(workload.deployment(space, image, len(self.cluster.workers)))
        await self._available(space)
        return Workload(await self._pods(space), service["spec"]["clusterIP"], _node_port(service), tls)

    async def _available(self, space: str) -> None:
        """Watches until a probe is ready on every worker."""
        events = self.kube.watch("apps/v1", "Deployment", space, fields=f"metadata.name={workload.NAME}")
        why = "nothing seen"
        try:
            async with asyncio.timeout(_READY_WITHIN), aclosing(events):
                async for event in events:
                    held = holds("Available", event.object)
                    if held == HOLDS:
                        return
                    why = why_not(held)
        except TimeoutError:
            why = f"{why} after {_READY_WITHIN:.0f} s"
        trouble = await workload_trouble(self.kube, space, f"app={workload.NAME}")
        raise Wrong(f"{why} ({trouble})" if trouble else why)

    async def _pods(self, space: str) -> dict[str, Pod]:
        found = await self.kube.list("v1", "Pod", space, labels=f"app={workload.NAME}")
        running = (pod for pod in found if pod["status"].get("podIP") and "deletionTimestamp" not in pod["metadata"])
        return {pod["spec"]["nodeName"]: Pod(pod["metadata"]["name"], pod["status"]["podIP"]) for pod in running}

    # The end

    async def clean(self) -> None:
        """Take away what this run made, and wait until it is gone. Raises TimeoutError, ApiError, ApiUnavailable."""
        await self._stop()
        if self._namespace is None:
            return
        async with asyncio.timeout(GONE_WITHIN):
            # the pods can go meanwhile: the namespace controller only begins 5 s after a namespace was deleted
            await self.kube.delete("apps/v1", "Deployment", workload.NAME, self.space)
            for api_version, kind in _CLUSTER_WIDE:
                for body in await self.kube.list(api_version, kind, labels=f"{workload.LABEL}={self.token}"):
                    await self.kube.delete(api_version, kind, body["metadata"]["name"])
            await self._until_gone()

    async def _stop(self) -> None:
        begun = [task for task in (self._workload, self._namespace) if task is not None]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)

    async def _until_gone(self) -> None:
        if await self.kube.get("v1", "Namespace", self.space) is None:
            return
        async with aclosing(self.kube.watch("v1", "Namespace", fields=f"metadata.name={self.space}")) as events:
            async for event in events:
                if event.type == "DELETED":
                    return

    async def _sweep(self) -> None:
        """Take away what a verify that was killed left."""
        for api_version, kind in _CLUSTER_WIDE:
            for body in await self.kube.list(api_version, kind, labels=workload.LABEL):
                if self.subject.now - datetime.fromisoformat(body["metadata"]["creationTimestamp"]) > STALE:
                    await self.kube.delete(api_version, kind, body["metadata"]["name"])


_READY_WITHIN: Final = 40.0


def _node_port(service: workload.Body) -> int:
    return next(int(port["nodePort"]) for port in service["spec"]["ports"] if port["name"] == "http")
