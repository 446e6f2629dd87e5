"""How a cloud is now: its processes, their versions, where they are reached. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardway.cloud.environment import LOCK
from hardway.cloud.notices import state
from hardway.cloud.operations import existing_record, place_of
from hardway.cloud.ovn.programs import versions
from hardway.cloud.places import CENTRAL, PROXY, SERVICES, SOCKS, CloudPlace
from hardway.cloud.reach import accepts, speaks_socks
from hardway.cloud.record import APIS, LOOPBACK, Record
from hardway.cloud.services.table import SERVICES as TABLE
from hardway.lab.cgroups import keeper

GOOD = ("ready", "done", "running")
PACKAGES = {"placement": "openstack-placement", "neutron-maintenance": "neutron", "seed": "openstacksdk"}
"""Where the package is not called as the service is."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the cloud."""

    name: str
    state: str
    version: str = ""
    endpoint: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class CloudState:
    """A cloud."""

    name: str
    state: str
    """up, degraded, off, not made."""
    chassis: int
    parts: tuple[Part, ...]


async def status(name: str) -> CloudState:
    """Raises CloudFault for a name that none can have, and a record that cannot be read."""
    place = place_of(name)
    record = existing_record(place)
    if record is None:
        return CloudState(name, "not made", 0, ())
    running = await keeper().running(place)
    parts = (*_parts(place, record, running), *await _way_in(record, running))
    return CloudState(name, _overall(parts, running), record.chassis, parts)


def _overall(parts: tuple[Part, ...], running: frozenset[str]) -> str:
    if not running:
        return "off"
    return "up" if all(part.state in GOOD for part in parts) else "degraded"


def _parts(place: CloudPlace, record: Record, running: frozenset[str]) -> Iterator[Part]:
    yield from _services(place, record, SERVICES in running)
    found = versions(Path(record.programs))
    for name in (CENTRAL, *(place.chassis(number).name for number in range(1, record.chassis + 1))):
        told = str(state(place, name).get("state", "starting")) if name in running else "off"
        yield Part(name, told, found, str(place.northbound) if name == CENTRAL else "")


async def _way_in(record: Record, running: frozenset[str]) -> tuple[Part, Part]:
    """The operator's proxy, and the port that leads to it. Both are asked: a process that ends at once is held too."""
    port = record.ports[PROXY]
    listens = PROXY in running and await accepts(port)
    answers = SOCKS in running and listens and await speaks_socks(port)
    return (
        Part(SOCKS, _seen(SOCKS in running, answers)),
        Part(PROXY, _seen(PROXY in running, listens), endpoint=f"socks5h://{LOOPBACK}:{port}"),
    )


def _seen(held: bool, answers: bool) -> str:
    if not held:
        return "off"
    return "running" if answers else "does not answer"


def _services(place: CloudPlace, record: Record, running: bool) -> Iterator[Part]:
    told: Mapping[str, Any] = state(place, SERVICES).get("services", {}) if running else {}
    known = locked_versions(LOCK.read_text())
    for service in TABLE:
        seen = told.get(service.name, {})
        yield Part(
            service.name,
            str(seen.get("state", "starting" if running else "off")),
            known.get(PACKAGES.get(service.name, service.name), ""),
            record.url(service.name) if service.name in APIS else "",
            int(seen.get("restarts", 0)),
        )


def locked_versions(lock: str) -> Mapping[str, str]:
    """Each package of a lock file with its version."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s\\]+)", lock, re.MULTILINE))
