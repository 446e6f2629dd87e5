"""Runs containers by runc: over an overlay of the image, in the task's network namespace. Touches the place's folder,
network namespaces and control groups that bear its title.

The overlay is mounted in a mount namespace of runc's own: it is gone with the container, however that ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hardway.fargate.local.bundle import config, user_of
from hardway.fargate.local.images import Image, Images
from hardway.fargate.local.network import Vpc
from hardway.fargate.local.places import FargatePlace
from hardway.fargate.local.runtime import CannotStart, ContainerWish, OnLine, Running
from hardway.lab.commands import succeeds
from hardway.lab.faults import LabFault
from hardway.lab.network import NAMESPACES

LONGEST_LINE: Final = 256 * 1024
"""Bytes of one CloudWatch event."""
STARTS_WITHIN: Final = 20.0
_START: Final = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
exec "$3" --root "$4" --log "$2/runc.log" --log-format json run --bundle "$2" "$5"
"""


@dataclass
class RuncContainer:
    """A container that runc holds."""

    id: str
    runc: tuple[str, ...]
    """With its options."""
    process: asyncio.subprocess.Process
    reader: asyncio.Task[None]

    async def wait(self) -> int:
        await self.reader
        code = await self.process.wait()
        return code if code >= 0 else 128 - code

    async def kill(self, number: int) -> None:
        await succeeds((*self.runc, "kill", self.id, str(int(number))))

    async def execute(self, command: Sequence[str], within: float) -> int:
        process = await asyncio.create_subprocess_exec(
            *self.runc,
            "exec",
            self.id,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(within):
                return await process.wait()
        except TimeoutError:
            return 124
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@dataclass
class Containers:
    """The runtime of a local Fargate."""

    place: FargatePlace
    program: Path
    """runc's."""
    images: Images
    vpc: Vpc
    _names: dict[str, set[str]] = field(default_factory=dict)
    """Containers by task."""

    @property
    def _runc(self) -> tuple[str, ...]:
        return (str(self.program), "--root", str(self.place.runc))

    async def pull(self, image: str) -> str:
        return (await self.images.get(image)).digest

    async def open_task(self, task: str, address: str, subnet: str, volumes: Sequence[str]) -> None:
        folder = self.place.tasks / task
        for volume in volumes:
            (folder / "volumes" / volume).mkdir(parents=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {task[:12]}\n")
        (folder / "resolv.conf").write_text("# a local Fargate has no name server\n")
        try:
            await self.vpc.plug(self.place.task_title(task), address, subnet)
        except LabFault as fault:
            raise CannotStart(str(fault)) from fault

    async def close_task(self, task: str) -> None:
        for name in self._names.pop(task, set()):
            await succeeds((*self._runc, "delete", "--force", name))
        await self.vpc.unplug(self.place.task_title(task))
        await asyncio.to_thread(shutil.rmtree, self.place.tasks / task, ignore_errors=True)

    async def start(self, wish: ContainerWish, on_line: OnLine) -> Running:
        image = await self.images.get(wish.image)
        bundle = self.place.tasks / wish.task / wish.id
        self._write(bundle, wish, image)
        self._names.setdefault(wish.task, set()).add(wish.id)
        process = await asyncio.create_subprocess_exec(
            *("unshare", "--mount", "--propagation=private", "sh", "-ec", _START, "sh"),
            *(str(image.root), str(bundle), str(self.program), str(self.place.runc), wish.id),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
        )
        reader = asyncio.create_task(_read(process, on_line))
        container = RuncContainer(wish.id, self._runc, process, reader)
        await self._until_it_runs(container)
        said = _trouble(bundle / "runc.log")
        if said:
            raise CannotStart(said)
        return container

    async def _until_it_runs(self, container: RuncContainer) -> None:
        """runc has no event for it; a container that has ended already ran as well."""
        async with asyncio.timeout(STARTS_WITHIN):
            while container.process.returncode is None:
                if (self.place.runc / container.id / "state.json").exists():
                    return
                await asyncio.sleep(0.02)

    def _write(self, bundle: Path, wish: ContainerWish, image: Image) -> None:
        for name in ("upper", "work", "root"):
            (bundle / name).mkdir(parents=True)
        folder = self.place.tasks / wish.task
        volumes = [(str(folder / "volumes" / name), target, ro) for name, target, ro in wish.volumes]
        files = [(str(folder / name), f"/etc/{name}", False) for name in ("hosts", "resolv.conf")]
        etc = image.root / "etc"
        made = config(
            wish,
            image.config,
            root="root",
            user=user_of(wish.user or image.config.get("User") or "0", _text(etc / "passwd"), _text(etc / "group")),
            namespace=str(NAMESPACES / self.place.task_title(wish.task)),
            cgroup=f"/{self.place.title}/{wish.id}",
            binds=(*files, *volumes),
        )
        path = bundle / "config.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(made, file)

    async def sweep(self) -> None:
        """Everything that an earlier server left: containers, namespaces, folders."""
        if self.place.runc.is_dir():
            for one in self.place.runc.iterdir():
                await succeeds((*self._runc, "delete", "--force", one.name))
        await self.vpc.clear()
        await asyncio.to_thread(shutil.rmtree, self.place.tasks, ignore_errors=True)


def _trouble(log: Path) -> str:
    """What runc's log says went wrong, or ""."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    entries = (json.loads(line) for line in lines if line.startswith("{"))
    return "; ".join(str(one.get("msg", "")) for one in entries if one.get("level") in ("error", "fatal"))


def _text(path: Path) -> str:
    """A file of an image; a link there could lead to this computer's own."""
    return path.read_text(errors="replace") if path.is_file() and not path.is_symlink() else ""


async def _read(process: asyncio.subprocess.Process, on_line: OnLine) -> None:
    """Its output, line by line; what is longer than an event comes in pieces."""
    if process.stdout is None:
        raise AssertionError("started with a pipe")
    while True:
        try:
            line = await process.stdout.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            line = end.partial
        except asyncio.LimitOverrunError as long:
            line = await process.stdout.readexactly(max(1, long.consumed))
        if not line:
            return
        on_line(line.decode(errors="replace").rstrip("\r\n"))
