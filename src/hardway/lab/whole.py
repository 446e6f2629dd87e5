"""A lab as a whole: all that belongs to it, found by its name; bringing a machine up, and taking everything away.

Touches what the lab's name is on: processes in its control groups, its namespaces, its directory.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from hardway.lab import disk, machines
from hardway.lab.base import base_of
from hardway.lab.cgroups import Keeper
from hardway.lab.faults import LabFault
from hardway.lab.layout import Layout, MachineWish
from hardway.lab.machines import Waiting
from hardway.lab.network import namespaces_of, remove_network
from hardway.lab.places import LabPlace, labs_root

NO_MACHINES = frozenset({"_forward"})
"""Jobs of a lab that are no machines."""


def machine_names(place: LabPlace) -> tuple[str, ...]:
    """The machines that were made, or were begun to be made."""
    if not place.machines.is_dir():
        return ()
    return tuple(path.name for path in place.machines.iterdir())


async def bring_machine(layout: Layout, wish: MachineWish, keeper: Keeper, waiting: Waiting) -> None:
    """Make the machine if it is not made, and start it. Raises LabFault.

    It keeps its disk through everything but another suite, which is refused.
    """
    record = disk.read_record(wish.place)
    if record is None:
        await machines.make(wish, base_of(layout.suite), keeper)
    elif record.suite != layout.suite:
        raise LabFault(
            f"{wish.place.name} was made of {record.suite} and cannot become {layout.suite}",
            advice="set lab.suite back, or take the machine away (`hardway down`) and make it anew",
        )
    elif record.address != str(wish.address):
        await machines.kill(wish.place, keeper)
        disk.change_address(wish.place, record, IPv4Address(wish.address))
    await machines.start(wish, keeper, waiting)


async def remove(place: LabPlace, keeper: Keeper) -> None:
    """Take everything of the lab away, whatever state it is in. No fault if there is nothing."""
    await keeper.kill_all(place)
    await remove_network(place)
    await asyncio.to_thread(_remove_files, place)


def _remove_files(place: LabPlace) -> None:
    if place.directory.exists():
        shutil.rmtree(place.directory)
    for path in (labs_root(), Path("/var/lib/hardway"), Path("/run/systemd/nspawn")):
        with suppress(OSError):  # not empty: other labs; or not there
            path.rmdir()


async def is_left(place: LabPlace, keeper: Keeper) -> tuple[str, ...]:
    """What there still is of a lab, by name."""
    running = await keeper.running(place)
    directory = (str(place.directory),) if place.directory.exists() else ()
    return (*sorted(running), *namespaces_of(place), *directory)
