"""Makes, starts, kills and destroys lab machines: systemd-nspawn with a real systemd and sshd inside.

Touches the machine's directory, its control groups and its network namespace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from hardway.lab import disk
from hardway.lab.base import Base
from hardway.lab.cgroups import Keeper
from hardway.lab.disk import Record
from hardway.lab.faults import LabFault
from hardway.lab.jobs import Job
from hardway.lab.keys import ensure_client_key
from hardway.lab.layout import MachineWish
from hardway.lab.network import connect, plug_script, remove_namespace, unplug
from hardway.lab.nspawn import BLOBS, ENVIRONMENT, Boot
from hardway.lab.places import MachinePlace
from hardway.sources.cache import cache_root

BOOT_SECONDS = 90.0
"""The longest that a machine may take until its sshd answers."""
PROBE_SECONDS = 0.05
"""Between two looks at a port on which nobody listens yet."""


def blobs() -> Path:
    """The content-addressed programs and images, mounted read-only into every machine."""
    return cache_root() / "blobs"


Waiting = Callable[[str], None]
"""Called with what is waited for."""


async def make(wish: MachineWish, base: Base, keeper: Keeper) -> None:
    """Make the machine's disk; what was there under its name, made half or whole, is destroyed. Raises LabFault."""
    await keeper.kill(wish.place.job)
    client = await asyncio.to_thread(ensure_client_key, wish.place.lab.client_key)
    await asyncio.to_thread(disk.make_disk, wish.place, wish.address, base.suite, base.tree, client, keeper.remounts)


async def start(wish: MachineWish, keeper: Keeper, waiting: Waiting = lambda what: None) -> None:
    """Boot a machine that was made, and wait until its sshd answers. Raises LabFault, with its last console lines."""
    record = disk.read_record(wish.place)
    if record is None:
        raise LabFault(f"{wish.place.name} is not made", advice="`hardway lab up` makes it")
    disk.check_base(wish.place, record)
    blobs().mkdir(parents=True, exist_ok=True)
    await keeper.kill(wish.place.job)
    wish.place.console.unlink(missing_ok=True)
    await keeper.start(job(wish, record))
    await until_ready(wish, keeper, waiting)


async def kill(place: MachinePlace, keeper: Keeper) -> None:
    """Cut the machine's power: its processes end at once, its link goes, its disk stays."""
    await keeper.kill(place.job)
    record = disk.read_record(place)
    if record is not None:
        await unplug(place, IPv4Address(record.address))


async def destroy(place: MachinePlace, keeper: Keeper) -> None:
    """Kill the machine and remove its disk; no fault if it is made half, or not at all."""
    await kill(place, keeper)
    await remove_namespace(place.title)
    await asyncio.to_thread(disk.remove_disk, place)


async def until_ready(wish: MachineWish, keeper: Keeper, waiting: Waiting) -> None:
    """Wait for the greeting of sshd. Raises LabFault at the deadline, or as soon as the machine has died."""
    place, deadline = wish.place, time.monotonic() + BOOT_SECONDS
    why = "is not asked yet"
    while time.monotonic() < deadline:
        try:
            async with asyncio.timeout(2):
                return await _greeting(wish)
        except (OSError, TimeoutError) as error:
            why = str(error) or "no greeting within 2 s"
        waiting(f"{wish.address}:22: {why}")
        if place.name not in await keeper.running(place.lab):
            raise LabFault(f"{place.name} died while it booted", disk.console_tail(place))
        await asyncio.sleep(PROBE_SECONDS)
    raise LabFault(f"{place.name}: no sshd after {BOOT_SECONDS:g} s: {why}", disk.console_tail(place))


async def _greeting(wish: MachineWish) -> None:
    connection = await connect(wish.place.lab.lab, str(wish.address), 22)
    with connection:
        if not await asyncio.get_running_loop().sock_recv(connection, 64):
            raise ConnectionResetError("sshd hung up")


def job(wish: MachineWish, record: Record) -> Job:
    """The processes of a machine: its link first, then its root file system and systemd-nspawn in namespaces."""
    place = wish.place
    boot = Boot(
        title=place.title,
        hostname=place.name,
        uuid=record.uuid,
        tree=record.tree,
        directory=place.directory,
        read_only=((blobs(), BLOBS),),
    )
    return Job(
        name=place.job,
        argv=boot.argv,
        environment=ENVIRONMENT,
        output=place.console,
        before=plug_script(place, wish.address, wish.network),
    )
