"""Makes a local Fargate, tells of it, takes it away. Touches this computer, under names that begin with its title."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path
from typing import Any, Final

import httpx

from hardway.catalog.programs import IMAGES, version_of
from hardway.catalog.releases import DEFAULT_KUBERNETES, release
from hardway.fargate.local.containers import Containers
from hardway.fargate.local.images import Images
from hardway.fargate.local.network import Vpc
from hardway.fargate.local.places import FargatePlace, place, root
from hardway.fargate.local.record import Record, read_record, write_record
from hardway.fargate.local.server import CONTROL
from hardway.lab.cgroups import keeper
from hardway.lab.faults import LabFault
from hardway.lab.jobs import Job
from hardway.lab.network import namespace_exists, seen_network
from hardway.lab.places import LabPlace
from hardway.sources.source import Item
from hardway.sources.store import Store

SUBNETS: Final = {"subnet-0000000000000000a": "10.77.0.0/24", "subnet-0000000000000000b": "10.77.1.0/24"}
STARTS_WITHIN: Final = 30.0
ENDS_WITHIN: Final = 30.0

Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class LocalTask:
    """A task of it, that has not stopped."""

    id: str
    family: str
    status: str
    address: str
    containers: tuple[str, ...]
    """Each with its state."""


@dataclass(frozen=True, slots=True)
class LocalState:
    """A local Fargate as it is now."""

    name: str
    state: str
    """up, off, not made."""
    url: str
    tasks: tuple[LocalTask, ...]


async def up(name: str, archives: Sequence[Path], lab: str, report: Report) -> LocalState:
    """Make it, or bring it back. Raises LabFault, SourceFault."""
    here = place(name)
    report(name, "its programs and images")
    record = await _record(here, archives, lab)
    vpc = Vpc(here, record.networks)
    if here.job.name in await keeper().running(here):
        before = read_record(here)
        if before is None or before.archives != record.archives:
            advice = f"`hardway fargate local down --name {name}`, then `up` again: its tasks go meanwhile"
            raise LabFault(f"the local Fargate {name} runs already, with other images", advice=advice)
        report(name, "runs already")
        write_record(here, record)
    else:
        report(name, "its network")
        await vpc.ensure()
        write_record(here, record)
        report(name, "its server")
        await _start(here, record)
    if record.lab:
        await _join(vpc, record.lab)
    await _await_answer(here, record)
    return await status(name)


async def _record(here: FargatePlace, archives: Sequence[Path], lab: str) -> Record:
    """What was chosen before stays, but for what is named now."""
    before = read_record(here)
    store, versions = Store(), release(DEFAULT_KUBERNETES)
    runc = await store.obtain(Item("runc", versions.runc))
    cached = (store.path(Item(image, version_of(image, versions))) for image in IMAGES)
    own = tuple(str(path.resolve()) for path in archives) or (before.archives if before else ())
    every = dict.fromkeys((*own, *(str(path) for path in cached if path)))
    port = before.port if before else _free_port()
    joined = lab or (before.lab if before else "")
    return Record(port, str(store.cache.path(runc.sha256)), tuple(every), dict(SUBNETS), joined)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def _start(here: FargatePlace, record: Record) -> None:
    try:
        await keeper().start(
            Job(
                name=here.job,
                argv=(sys.executable, "-m", "hardway.fargate.local", here.name),
                environment=(),
                output=here.log,
                listen=record.port,
            )
        )
    except OSError as error:
        raise LabFault(f"port {record.port} of 127.0.0.1: {error.strerror}", advice="end what listens there") from error


async def _join(vpc: Vpc, lab: str) -> None:
    network = await seen_network(LabPlace(lab))
    if not network:
        raise LabFault(f"there is no lab {lab}", advice="make it first: `hardway lab up -f cluster.yaml`")
    await vpc.join(LabPlace(lab).title, ip_interface(network).network)  # type: ignore[arg-type]  # IPv4 by the lab


async def _await_answer(here: FargatePlace, record: Record) -> None:
    last = ""
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            while True:
                try:
                    await _told(record)
                    return
                except httpx.HTTPError as error:
                    last = str(error) or type(error).__name__
                await asyncio.sleep(0.1)
    except TimeoutError:
        tail = here.log.read_text(errors="replace")[-2000:] if here.log.exists() else last
        raise LabFault(f"the local Fargate {here.name} does not answer at {record.url}", tail) from None


async def _told(record: Record) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.get(f"{record.url}{CONTROL}")
        body: dict[str, Any] = answer.raise_for_status().json()
        return body


async def status(name: str) -> LocalState:
    """Raises LabFault."""
    here = place(name)
    record = read_record(here)
    if record is None:
        return LocalState(name, "not made", "", ())
    if here.job.name not in await keeper().running(here):
        return LocalState(name, "off", record.url, ())
    try:
        told = await _told(record)
    except httpx.HTTPError:
        return LocalState(name, "off", record.url, ())
    return LocalState(name, "up", record.url, tuple(_tasks(told["tasks"])))


def _tasks(told: Sequence[dict[str, Any]]) -> Iterator[LocalTask]:
    for one in told:
        details = {each["name"]: each["value"] for other in one["attachments"] for each in other["details"]}
        containers = tuple(f"{each['name']} {each['lastStatus']}" for each in one["containers"])
        if one["lastStatus"] != "STOPPED":
            identity = one["taskArn"].rpartition("/")[2]
            family = one["group"].removeprefix("family:")
            yield LocalTask(identity, family, one["lastStatus"], details.get("privateIPv4Address", ""), containers)


def configuration(name: str) -> str:
    """A fargate.toml for an agent. Raises LabFault."""
    record = read_record(place(name))
    if record is None:
        raise LabFault(f"there is no local Fargate {name}", advice="`hardway fargate local up` makes it")
    return record.configuration()


async def down(name: str) -> None:
    """Take it away: tasks, containers, network, files. Raises LabFault."""
    here = place(name)
    record = read_record(here)
    held = keeper()
    await held.terminate(here.job, ENDS_WITHIN)
    if record is not None:
        vpc = Vpc(here, record.networks)
        await Containers(here, record.runc_path, Images([], here.images), vpc).sweep()
        if record.lab and namespace_exists(LabPlace(record.lab).title):
            await vpc.part(LabPlace(record.lab).title)
    await held.kill_all(here)
    await Vpc(here, {}).remove()
    await asyncio.to_thread(shutil.rmtree, here.directory, ignore_errors=True)
    if root().is_dir() and not any(root().iterdir()):
        root().rmdir()
