"""What `hardway cloud` does: brings a cloud up, tells how it is, takes it down. Returns values.

Touches what bears the cloud's name: its directory, processes in its control groups, its network namespaces.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hardway.cloud import files
from hardway.cloud.configuration.clients import admin_cloud
from hardway.cloud.configuration.settings import Settings
from hardway.cloud.doctor import ensure_needs, require_root
from hardway.cloud.faults import CloudFault
from hardway.cloud.ovn.fabric import lay_fabric, pull_cables
from hardway.cloud.parts import Parts, Progress, ensure_parts
from hardway.cloud.places import SERVICES, CloudPlace, is_name
from hardway.cloud.ports import choose_ports
from hardway.cloud.record import PORTS, Record, read_record
from hardway.cloud.start import start
from hardway.lab.cgroups import keeper
from hardway.lab.faults import PortInUse
from hardway.lab.locks import locked
from hardway.lab.network import namespaces_of, remove_network
from hardway.lab.places import JobName
from hardway.sources.cache import cache_root

SOCKET_LIMIT = 107
"""Bytes of a unix socket's path (unix(7))."""
MOST_CHASSIS = 16
ATTEMPTS = 3
"""How often ports are chosen."""


def place_of(name: str) -> CloudPlace:
    """Raises CloudFault where no cloud can be called that."""
    if not is_name(name):
        raise CloudFault(
            f"{name!r} cannot be a cloud's name", advice="lower-case letters, digits and hyphens, 32 at most"
        )
    place = CloudPlace.of(name)
    last = place.chassis(MOST_CHASSIS)
    if len(str(last.run / f"{last.name}-controller.ctl")) > SOCKET_LIMIT:
        raise CloudFault(
            f"{place.directory} is too long a path for unix sockets", advice="set HARDWAY_CLOUDS to a shorter one"
        )
    return place


async def up(name: str, chassis: int | None, progress: Progress) -> None:
    """Bring the cloud up: what runs is left alone, what does not is made or started. Raises LabFault.

    `chassis`: how many; None for as many as it has, three for a new one.
    """
    require_root()
    place = place_of(name)
    began = time.monotonic()
    await ensure_needs(progress)
    parts = await ensure_parts(progress)
    place.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with locked(place.directory):
        await _bring_up(place, parts, chassis, progress)
    progress("cloud", f"{name} is up after {time.monotonic() - began:.1f} s")


async def _bring_up(place: CloudPlace, parts: Parts, chassis: int | None, progress: Progress) -> None:
    """Start all; where another program takes a port between its choice and its use, choose again. Raises LabFault."""
    for left in reversed(range(ATTEMPTS)):
        settings = await _settle(place, parts, chassis)
        await asyncio.to_thread(_copy_databases, parts.databases, place)
        await lay_fabric(place, settings.record.chassis)
        try:
            await start(settings, keeper(), progress)
        except PortInUse as fault:
            await keeper().kill(JobName(place, SERVICES))  # it would be started again for ever
            if not left:
                raise
            progress("cloud", f"{fault.what}: another one is chosen")
        else:
            return


async def _settle(place: CloudPlace, parts: Parts, chassis: int | None) -> Settings:
    """Decide what the cloud is made of, and write its files; one cloud at a time, so that no two choose one port."""
    async with locked(place.root):
        record = _record(place, parts, chassis)
        record = replace(record, ports=choose_ports(place, record, await keeper().running(place)))
        settings = Settings(place, record)
        await asyncio.to_thread(files.write_files, settings)
    return settings


def _record(place: CloudPlace, parts: Parts, chassis: int | None) -> Record:
    """What the cloud was made of; for a new one, what it shall be made of. Raises CloudFault."""
    there = existing_record(place)
    if there is None:
        return Record(
            chassis=chassis or 3,
            ports=PORTS,
            venv=str(parts.venv),
            programs=str(parts.programs),
            trees=str(cache_root() / "lab"),
            image=parts.image,
            blobs=str(cache_root() / "blobs"),
            passwords=files.new_passwords(),
        )
    if chassis not in (None, there.chassis):
        raise CloudFault(
            f"{place.cloud} has {there.chassis} chassis and cannot become one of {chassis}",
            advice=ANEW.format(place.cloud),
        )
    if there.venv != str(parts.venv):
        raise CloudFault(f"{place.cloud} was made of other releases of OpenStack", advice=ANEW.format(place.cloud))
    return there


ANEW = "take it down first: `hardway cloud down --name {}`"


def existing_record(place: CloudPlace) -> Record | None:
    """Raises CloudFault for one that cannot be read."""
    try:
        return read_record(place.record)
    except ValueError as error:
        raise CloudFault(f"{place.record} cannot be read", str(error), ANEW.format(place.cloud)) from error


def _copy_databases(template: Path, place: CloudPlace) -> None:
    """Once, and whole or not at all."""
    if any(place.databases.iterdir()):
        return
    beside = place.databases.with_name(".db")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(template, beside)
    beside.rename(place.databases)


async def down(name: str) -> None:
    """Take everything of the cloud away, whatever state it is in. No fault if there is nothing. Raises LabFault."""
    require_root()
    place = place_of(name)
    await keeper().kill_all(place)
    await remove_network(place)
    await asyncio.to_thread(_remove_files, place)


async def stop(name: str) -> None:
    """End all of the cloud's processes and take its network away; what it knows stays, and `up` goes on from there."""
    require_root()
    place = place_of(name)
    await keeper().kill_all(place)
    await remove_network(place)
    await asyncio.to_thread(shutil.rmtree, place.run, ignore_errors=True)


def _remove_files(place: CloudPlace) -> None:
    if place.directory.exists():
        shutil.rmtree(place.directory)
    for path in (place.root, Path("/var/lib/hardway"), Path("/run/systemd/nspawn")):
        with suppress(OSError):  # not empty: other clouds; or not there
            path.rmdir()


async def is_left(name: str) -> Sequence[str]:
    """What there still is of a cloud, by name."""
    place = place_of(name)
    directory = (str(place.directory),) if place.directory.exists() else ()
    return (*sorted(await keeper().running(place)), *namespaces_of(place), *directory)


async def cut_chassis(name: str, number: int) -> None:
    """A power cut for a chassis: its processes and its compute end, and nothing reaches it; `up` switches it on again.

    Its servers run on, unreachable.
    """
    place = place_of(name)
    place.chassis(number).off.touch()
    await keeper().kill(JobName(place, place.chassis(number).name))
    await pull_cables(place.chassis(number))


def made(place: CloudPlace) -> Record:
    """The record of a cloud that is there. Raises CloudFault."""
    record = existing_record(place)
    if record is None:
        raise CloudFault(
            f"there is no cloud {place.cloud}", advice=f"`hardway cloud up --name {place.cloud}` makes one"
        )
    return record


def client_environment(name: str) -> dict[str, str]:
    """What openstacksdk and the stock command line find the cloud by. Raises CloudFault."""
    place = place_of(name)
    made(place)
    return {"OS_CLIENT_CONFIG_FILE": str(place.clouds_yaml), "OS_CLOUD": place.cloud}


def client_command(name: str, arguments: Sequence[str], admin: bool) -> Sequence[str]:
    """The stock command line of the cloud's own environment. Raises CloudFault."""
    place = place_of(name)
    environment = client_environment(name)
    if admin:
        environment["OS_CLOUD"] = admin_cloud(place.cloud)
    settings = (f"{key}={value}" for key, value in environment.items())
    return ("/usr/bin/env", *settings, str(Path(made(place).venv) / "bin/openstack"), *arguments)


def log_command(name: str, service: str, lines: int, follow: bool) -> Sequence[str]:
    """tail(1) of a service's log. Raises CloudFault for one that has none."""
    place = place_of(name)
    made(place)
    logs = sorted(path.stem for path in place.log.glob("*.log"))
    if service not in logs:
        raise CloudFault(f"{name} has no service {service}", advice=f"one of {', '.join(logs)}")
    return (
        "/usr/bin/tail",
        f"--lines={lines}",
        *(("--follow=name",) if follow else ()),
        str(place.log / f"{service}.log"),
    )
