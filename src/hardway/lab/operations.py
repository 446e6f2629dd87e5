"""What `hardway lab` does: machines without a cluster, their state, a way into them, power cuts. Returns values."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hardway.lab import machines, whole
from hardway.lab.base import ensure_base
from hardway.lab.cgroups import keeper
from hardway.lab.disk import Record, read_record
from hardway.lab.faults import LabFault
from hardway.lab.forward import open_forward, read_forward
from hardway.lab.handlers import require_root
from hardway.lab.layout import Layout, MachineWish, layout
from hardway.lab.network import NAMESPACES, ensure_network, seen_network
from hardway.lab.places import MachinePlace
from hardway.spec.model import Cluster

Progress = Callable[[str, str], None]
"""Called with a machine's name (or "base image") and what it waits for."""


@dataclass(frozen=True, slots=True)
class MachineState:
    """A machine of the lab as it is now."""

    name: str
    address: str
    state: Literal["running", "off", "not made"]
    suite: str


@dataclass(frozen=True, slots=True)
class LabState:
    """A lab as it is now."""

    name: str
    network: bool
    """Whether its network is there."""
    machines: tuple[MachineState, ...]
    api_url: str | None
    """Where this computer reaches the API, if the forward is open."""


def _quiet(name: str, what: str) -> None:
    return None


async def up(cluster: Cluster, progress: Progress = _quiet) -> LabState:
    """Make and start all machines of the spec, without a cluster on them. Raises LabFault."""
    require_root()
    wanted = layout(cluster)
    await ensure_base(wanted.suite, wanted.mirror, lambda line: progress("base image", line))
    if await seen_network(wanted.place) != wanted.network.operator_interface:
        await ensure_network(wanted.place, wanted.network)
    running = await keeper().running(wanted.place)
    await _all(_bring(wanted, wish, progress) for wish in wanted.machines if wish.place.name not in running)
    if wanted.place.forward.name not in running:
        await open_forward(wanted.place, wanted.api, wanted.port, keeper())
    return await status(cluster)


async def _bring(wanted: Layout, wish: MachineWish, progress: Progress) -> None:
    await whole.bring_machine(wanted, wish, keeper(), lambda what: progress(wish.place.name, what))


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """All at once, each to its end; then the faults of all that failed, as one."""
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    others = [fault for fault in faults if not isinstance(fault, LabFault)]
    if others:
        raise others[0]
    if faults:
        raise LabFault("\n".join(str(fault) for fault in faults))


async def down(cluster: Cluster) -> None:
    """Take the lab away with all that is on it, whatever state it is in. Raises LabFault where something is left."""
    require_root()
    place = layout(cluster).place
    await whole.remove(place, keeper())
    left = await whole.is_left(place, keeper())
    if left:
        raise LabFault(
            f"something of lab {place.lab} is left: {', '.join(left)}", advice="run `hardway lab down` again"
        )


async def status(cluster: Cluster) -> LabState:
    """How the lab is now; also machines that the spec no longer has."""
    require_root()
    wanted = layout(cluster)
    running = await keeper().running(wanted.place)
    names = dict.fromkeys((*wanted.addresses, *whole.machine_names(wanted.place)))
    forward = read_forward(wanted.place) if wanted.place.forward.name in running else None
    return LabState(
        name=wanted.place.lab,
        network=bool(await seen_network(wanted.place)),
        machines=tuple(_state(wanted, name, name in running) for name in names),
        api_url=forward.url if forward else None,
    )


def _state(wanted: Layout, name: str, running: bool) -> MachineState:
    record = read_record(wanted.place.machine(name))
    if record is None:
        return MachineState(name, str(wanted.addresses.get(name, "")), "not made", wanted.suite)
    return MachineState(name, record.address, "running" if running else "off", record.suite)


async def kill(cluster: Cluster, machine: str) -> None:
    """Cut a machine's power; its disk stays. Raises LabFault."""
    require_root()
    await machines.kill(_made(cluster, machine)[0], keeper())


async def start(cluster: Cluster, machine: str, progress: Progress = _quiet) -> None:
    """Switch a machine on, and wait until its sshd answers; nothing is done to one that runs. Raises LabFault."""
    require_root()
    wish = layout(cluster).machine(machine)
    if machine in await keeper().running(wish.place.lab):
        return
    await machines.start(wish, keeper(), lambda what: progress(machine, what))


def ssh_command(cluster: Cluster, machine: str, command: Sequence[str] = ()) -> tuple[str, ...]:
    """What to exec for a command on a machine, or for a login shell without one; streams, terminal and exit status are
    those of ssh(1). Raises LabFault."""
    require_root()
    place, record = _made(cluster, machine)
    options = {
        "IdentityFile": str(place.lab.client_key),
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": str(place.known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": machine,
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
        "ConnectTimeout": "10",
    }
    return (
        *("nsenter", f"--net={NAMESPACES / place.lab.title}", "ssh", "-F", "none"),
        *(f"-o{name}={value}" for name, value in options.items()),
        *(f"root@{record.address}", *((shlex.join(command),) if command else ())),
    )


def _made(cluster: Cluster, machine: str) -> tuple[MachinePlace, Record]:
    """A machine of the spec, or one that the spec no longer has. Raises LabFault."""
    wanted = layout(cluster)
    if machine not in whole.machine_names(wanted.place):
        wanted.machine(machine)
    place = wanted.place.machine(machine)
    record = read_record(place)
    if record is None:
        raise LabFault(f"{machine} of lab {cluster.name} is not made", advice="`hardway lab up` makes it")
    return place, record
