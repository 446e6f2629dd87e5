"""A worker that is this computer, with its volumes in a folder of the test; and an API that holds bodies."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

from hardway.components.storage import PROVISIONER
from hardway.kube.api import ApiError, Body, Event
from hardway.machines.transport import Result, Transport
from hardway.operations.world import World
from hardway.spec.load import parse

SPEC = "name: demo\nstorage: {kind: local}\nmachines: {workers: [{name: w0, address: 10.0.0.20}]}\n"


@dataclass
class LocalShell:
    """Runs what a worker would run, here."""

    machine: str = "w0"
    blobs: str | None = None
    before: Callable[[str], None] = lambda script: None
    """Called with each script before it runs."""

    async def run(self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None) -> Result:
        return await self._run(script, stdin)

    async def pipe(
        self, script: str, on_data: Callable[[bytes], None], stdin: AsyncIterator[bytes] | None = None
    ) -> Result:
        given = b"".join([data async for data in stdin]) if stdin is not None else b""
        result = await self._run(script, given)
        on_data(result.stdout)
        return result

    async def _run(self, script: str, stdin: bytes) -> Result:
        self.before(script)
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", script, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Result(process.returncode, out, err)

    def hold(self, script: str) -> AbstractAsyncContextManager[str]:
        raise AssertionError

    async def put(self, source: Path, sha256: str) -> str:
        raise AssertionError

    def forward(self, host: str, port: int) -> AbstractAsyncContextManager[Path]:
        raise AssertionError

    async def close(self) -> None:
        return None


@dataclass
class Api:
    """Claims, volumes and pods; a claim that is made with a node gets its volume, as the provisioner would give it."""

    folder: Path
    objects: dict[str, list[Body]] = field(default_factory=lambda: {"PersistentVolume": [], "Pod": []})
    namespaces: tuple[str, ...] = ("default",)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def list(self, api_version: str, kind: str, namespace: str = "") -> tuple[Body, ...]:
        return tuple(self.objects.get(kind, ()))

    async def create(self, body: Mapping[str, Any]) -> Body:
        if body["metadata"]["namespace"] not in self.namespaces:
            raise ApiError(404, "NotFound", "there is no such namespace")
        claim = {**body, "status": {"phase": "Bound"}}
        name, node = body["metadata"]["name"], body["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
        self.provide(body["metadata"]["namespace"], name, node)
        return claim

    async def watch(self, api_version: str, kind: str, namespace: str, *, fields: str) -> AsyncIterator[Event]:
        yield Event("ADDED", {"status": {"phase": "Bound"}})

    def provide(self, namespace: str, claim: str, node: str = "w0") -> Path:
        """A volume for a claim, in its folder."""
        volume = f"pvc-{namespace}-{claim}"
        path = self.folder / volume
        path.mkdir(mode=0o777)
        path.chmod(0o777)
        self.objects["PersistentVolume"].append(persistent(volume, namespace, claim, node, str(path)))
        return path


def persistent(name: str, namespace: str, claim: str, node: str, path: str) -> Body:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": namespace, "name": claim},
            "storageClassName": "local",
            "local": {"path": path},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
        },
        "status": {"phase": "Bound"},
    }


def pod(name: str, claim: str, phase: str = "Running", namespace: str = "default") -> Body:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"volumes": volumes},
        "status": {"phase": phase},
    }


def world_of(shell: LocalShell) -> World:
    async def transport(machine: str) -> Transport | None:
        return shell if machine == shell.machine else None

    return cast("World", SimpleNamespace(cluster=parse(SPEC), machines=SimpleNamespace(transport=transport)))


def opening(api: Api) -> Callable[[World], AbstractAsyncContextManager[Api]]:
    @asynccontextmanager
    async def opened(world: World) -> AsyncIterator[Api]:
        yield api

    return opened
