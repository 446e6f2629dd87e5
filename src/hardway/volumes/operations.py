"""ls, backup and restore: volumes of a cluster, by its API and on its workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hardway.components.storage import CLASS
from hardway.kube.api import Access, ApiError
from hardway.kube.client import KubeClient
from hardway.machines.transport import Result, Transport
from hardway.operations.access import kubeconfig_path
from hardway.operations.world import World
from hardway.volumes.archive import Description, Packing, archive_name, describe, unpacked
from hardway.volumes.faults import VolumeFault
from hardway.volumes.listing import Volume, chosen, directory, volumes
from hardway.volumes.scripts import (
    copy_of,
    copy_script,
    digest_script,
    drop_copy_script,
    is_empty_script,
    pack_script,
    unpack_script,
)

Report = Callable[[str, str], None]

SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
"""Set by the scheduler where a claim waits for its first pod; here by us, as there is none yet."""
BOUND_WITHIN: Final = 60.0
"""Seconds from making a claim until it must have its volume."""
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Saved:
    """An archive that was written."""

    archive: Path
    description: Description
    size: int
    """Bytes of the volume."""


async def ls(world: World) -> tuple[Volume, ...]:
    """Every volume and claim. Raises Refused, ApiUnavailable, ApiError."""
    async with _api(world) as client:
        return await _all(client)


@asynccontextmanager
async def _api(world: World) -> AsyncIterator[KubeClient]:
    async with KubeClient(Access(kubeconfig_path(world))) as client:
        yield client


async def _all(client: KubeClient) -> tuple[Volume, ...]:
    kinds = ("PersistentVolume", "PersistentVolumeClaim", "Pod")
    return volumes(*await asyncio.gather(*(client.list("v1", kind) for kind in kinds)))


async def backup(world: World, name: str, folder: Path, *, live: bool, report: Report) -> Saved:
    """Copy a volume into a file of that folder. `live` copies also while pods use it.

    Raises VolumeFault, Refused, Unreachable, ApiUnavailable, ApiError.
    """
    volume = chosen(name, await ls(world))
    where = directory(volume)
    if volume.pods and not live:
        raise _in_use(volume, "or give --live where half-written files do no harm")
    if not folder.is_dir():
        raise VolumeFault(f"{folder} is no folder", advice="name one that is there", bad_input=True)
    transport = await _reach(world, volume.node)
    taken = datetime.now(UTC)
    archive = folder / archive_name(world.cluster.name, volume.namespace, volume.claim or volume.volume, taken)
    async with _still(transport, volume, where) as place:
        report(volume.name, f"reading {where} on {volume.node}")
        digest, files = await _digest(transport, place)
        packing = Packing(archive)
        try:
            sha256 = await _pack(transport, place, packing, volume, report)
            await _refuse_changed(transport, place, volume, digest)
        except BaseException:
            packing.drop()
            raise
    description = Description(
        cluster=world.cluster.name,
        namespace=volume.namespace,
        claim=volume.claim,
        size=volume.size,
        node=volume.node,
        taken=taken.isoformat(timespec="seconds"),
        consistent=not volume.pods,
        files=files,
        digest=digest,
        sha256=sha256,
    )
    packing.publish(description)
    return Saved(archive, description, packing.size)


@asynccontextmanager
async def _still(transport: Transport, volume: Volume, where: str) -> AsyncIterator[str]:
    """Where the volume's content stands still: the volume itself, or where pods use it a copy on its worker."""
    if not volume.pods:
        yield where
        return
    try:
        script = copy_script(volume.volume)
        _good(await transport.run(script), transport, "the volume changed while it was copied; do it again, or stop it")
        yield copy_of(volume.volume)
    finally:
        await transport.run(drop_copy_script(volume.volume))


async def _refuse_changed(transport: Transport, where: str, volume: Volume, digest: str) -> None:
    if (await _digest(transport, where))[0] != digest:
        what = f"{volume.name} changed while it was copied; no archive was kept"
        raise VolumeFault(what, advice="stop what writes to it, then do it again")


def _in_use(volume: Volume, more: str) -> VolumeFault:
    advice = f"stop them first (kubectl scale --replicas=0, hardway compose down), {more}"
    return VolumeFault(f"{volume.name} is in use by {', '.join(volume.pods)}", advice=advice, bad_input=True)


async def _reach(world: World, node: str) -> Transport:
    transport = await world.machines.transport(node)
    if transport is None:
        raise VolumeFault(f"the volume's worker {node} is not there", advice="`hardway status` shows the machines")
    return transport


async def _digest(transport: Transport, where: str) -> tuple[str, int]:
    """A volume's digest and its number of files."""
    result = _good(await transport.run(digest_script(where)), transport)
    digest, files = result.stdout.decode().split()
    return digest, int(files)


def _good(result: Result, transport: Transport, what: str = "the volume cannot be read") -> Result:
    said = result.stderr.decode(errors="replace").strip()
    if result.exit_code or said:
        raise VolumeFault(f"{transport.machine}: {what}", said or f"exit code {result.exit_code}")
    return result


async def _pack(transport: Transport, where: str, packing: Packing, volume: Volume, report: Report) -> str:
    """Answers the archive's SHA-256."""

    def add(data: bytes) -> None:
        packing.add(data)
        report(volume.name, f"{packing.size / MEGABYTE:.1f} MB")

    _good(await transport.pipe(pack_script(where), add), transport, "the volume could not be packed")
    return await asyncio.to_thread(packing.finish)


async def restore(
    world: World, archive: Path, name: str | None, *, node: str | None, replace: bool, report: Report
) -> Volume:
    """Bring an archive back, into its own claim or another, NAMESPACE/CLAIM; one that is not there is made.

    A volume that holds something is only replaced where `replace` says so; a new one is made on `node`, else on the
    worker that it came from, where that is one of the cluster's. Raises as `backup` does.
    """
    report(str(archive), "verifying")
    description = await asyncio.to_thread(describe, archive)
    claim = _claim(name or f"{description.namespace}/{description.claim}")
    async with _api(world) as client:
        volume = await _target(client, world, claim, description, node)
        where = directory(volume)
        if volume.pods:
            raise _in_use(volume, "nothing was changed")
        transport = await _reach(world, volume.node)
        if not replace and (await transport.run(is_empty_script(where))).exit_code:
            advice = "give --replace to have its content replaced, or name another claim"
            raise VolumeFault(f"{volume.name} is not empty", advice=advice, bad_input=True)
        report(volume.name, f"writing {where} on {volume.node}")
        script = unpack_script(volume.volume, description.digest)
        result = await transport.pipe(script, lambda data: None, unpacked(archive))
    if result.exit_code:
        evidence = result.stderr.decode(errors="replace")
        raise VolumeFault(f"{transport.machine}: {volume.name} was left as it was", evidence)
    return volume


def _claim(name: str) -> tuple[str, str]:
    namespace, _, claim = name.partition("/")
    if not namespace or not claim or "/" in claim:
        raise VolumeFault(f"{name!r} names no claim", advice="write it as NAMESPACE/CLAIM", bad_input=True)
    return namespace, claim


async def _target(
    client: KubeClient, world: World, claim: tuple[str, str], description: Description, node: str | None
) -> Volume:
    """The claim's volume; both are made where they are not there."""
    found = await _existing(client, claim)
    if found is not None and found.volume:
        return found
    if found is not None:
        advice = "delete the claim and it is made anew, or start a pod that uses it and stop it again"
        raise VolumeFault(f"{found.name} has no volume yet, and waits for its first pod", advice=advice)
    workers = [worker.name for worker in world.cluster.workers]
    place = node or (description.node if description.node in workers else next(iter(workers), ""))
    if place not in workers:
        raise VolumeFault(f"there is no worker {place}", advice=f"name one of {', '.join(workers)}", bad_input=True)
    await _make(client, claim, description.size, place)
    return await _bound(client, claim)


async def _existing(client: KubeClient, claim: tuple[str, str]) -> Volume | None:
    return next((one for one in await _all(client) if (one.namespace, one.claim) == claim), None)


async def _make(client: KubeClient, claim: tuple[str, str], size: str, node: str) -> None:
    namespace, name = claim
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "annotations": {SELECTED_NODE: node}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": CLASS,
            "resources": {"requests": {"storage": size}},
        },
    }
    try:
        await client.create(body)
    except ApiError as error:
        advice = f"`hardway kubectl -- create namespace {namespace}` makes the namespace, where that is missing"
        raise VolumeFault(f"the claim {namespace}/{name} cannot be made", str(error), advice) from error


async def _bound(client: KubeClient, claim: tuple[str, str]) -> Volume:
    """Wait until the provisioner has made the volume. Raises VolumeFault."""
    namespace, name = claim
    advice = "storage.kind: local and `hardway up` provide volumes; `hardway kubectl -- describe pvc` says why"
    try:
        async with asyncio.timeout(BOUND_WITHIN):
            await _until_bound(client, namespace, name)
    except TimeoutError:
        what = f"{namespace}/{name} had no volume after {BOUND_WITHIN:.0f} s"
        raise VolumeFault(what, advice=advice) from None
    found = await _existing(client, claim)
    if found is None:
        raise VolumeFault(f"{namespace}/{name} was deleted in this moment", advice="do it again")
    return found


async def _until_bound(client: KubeClient, namespace: str, name: str) -> None:
    while True:
        events = client.watch("v1", "PersistentVolumeClaim", namespace, fields=f"metadata.name={name}")
        async with aclosing(events):
            async for event in events:
                if event.object.get("status", {}).get("phase") == "Bound":
                    return
