"""Makes, starts, kills and destroys lab machines: systemd-nspawn with a real systemd and sshd inside.

Touches the machine's directory, its control groups and its network namespace. Its root file system is mounted in a
mount namespace of its own, which goes with its last process.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from hardway.lab import disk
from hardway.lab.base import Base
from hardway.lab.cgroups import Keeper
from hardway.lab.disk import DATA, Record
from hardway.lab.faults import LabFault
from hardway.lab.jobs import Job
from hardway.lab.keys import ensure_client_key
from hardway.lab.layout import MachineWish
from hardway.lab.network import NAMESPACES, connect, plug_script, remove_namespace, unplug
from hardway.lab.places import MachinePlace
from hardway.sources.cache import cache_root

BLOBS = "/var/cache/hardway/blobs"
"""Where a machine sees the operator's blob cache, read-only."""
MODULES = Path("/lib/modules")
"""This computer's kernel modules, which the machines load (br_netfilter, vxlan): the kernel is theirs too."""
BOOT_SECONDS = 90.0
"""The longest that a machine may take until its sshd answers."""
PROBE_SECONDS = 0.05
"""Between two looks at a port on which nobody listens yet."""

ENVIRONMENT = (
    ("SYSTEMD_SECCOMP", "0"),  # else runc: "unable to join session keyring"
    ("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "1"),  # else the kubelet cannot set kernel flags
    ("SYSTEMD_LOG_LEVEL", "warning"),
)


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
    inner = f"{_mounts(wish.place, record)}\nexec {shlex.join(nspawn_command(wish.place, record))}"
    return Job(
        name=wish.place.job,
        argv=("unshare", "--mount", "--propagation=slave", "sh", "-e", "-c", inner),
        environment=ENVIRONMENT,
        output=wish.place.console,
        before=plug_script(wish.place, wish.address, wish.network),
    )


def _mounts(place: MachinePlace, record: Record) -> str:
    """What is mounted before systemd-nspawn, seen by it alone; the second hides what it would leave in /run."""
    layers = {"lowerdir": record.tree, "upperdir": place.directory / "upper", "workdir": place.directory / "work"}
    options = ",".join(f"{name}={_layer(path)}" for name, path in layers.items())
    return "\n".join(
        (
            shlex.join(("mount", "-t", "overlay", "overlay", "-o", options, str(place.root))),
            "mkdir -p /run/systemd/nspawn",
            "mount -t tmpfs -o mode=0755 tmpfs /run/systemd/nspawn",
        )
    )


def _layer(path: Path) -> str:
    if set(str(path)) & set(',:\\"'):
        raise LabFault(f"{path}: a path of an overlay must hold no comma, colon, backslash or quote")
    return str(path)


def nspawn_command(place: MachinePlace, record: Record) -> tuple[str, ...]:
    """The call of systemd-nspawn(1).

    nsenter goes first: with a writable /sys, nspawn mounts sysfs before it joins the namespace, and /sys/class/net
    would show this computer's links.
    """
    namespace = str(NAMESPACES / place.title)
    binds = ((place.data / path.lstrip("/"), path) for path in DATA)
    return (
        *("nsenter", f"--net={namespace}", "systemd-nspawn"),
        *("--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no", "--link-journal=no"),
        *("--console=read-only", "--resolv-conf=off", "--timezone=off", "--capability=all"),
        *(f"--machine={place.nspawn_name}", f"--hostname={place.name}", f"--uuid={record.uuid}"),
        *(f"--directory={place.root}", f"--network-namespace-path={namespace}"),
        *(f"--bind={_escaped(source)}:{target}" for source, target in binds),
        *("--bind=/dev/kmsg", f"--bind-ro={_escaped(blobs())}:{BLOBS}"),
        *((f"--bind-ro={MODULES}:/usr{MODULES}",) if MODULES.is_dir() else ()),
        "systemd.show_status=1",
    )


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(":", "\\:")
