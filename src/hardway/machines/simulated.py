"""A machine that is not there: a transport that answers from a function, for tests and benches. Touches nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hardway.machines.inventory import made
from hardway.machines.shell import checked_path
from hardway.machines.transport import Result, Unreachable
from hardway.resources.base import Known, Resource, Unknown
from hardway.resources.host import (
    Directory,
    File,
    HostName,
    Image,
    KernelModule,
    KernelSetting,
    Packages,
    Program,
    Reboot,
    SystemUser,
    Unit,
)

Answer = Callable[[str, bytes], Result]
"""What the machine answers to a script and its standard input. May raise Unreachable."""


@dataclass
class SimulatedTransport:
    """A transport whose machine is a function. Keeps each script that it was given."""

    machine: str
    answer: Answer
    latency: float = 0.0
    """Seconds that each round trip takes."""
    blobs: str | None = "/var/cache/hardway/blobs"
    scripts: list[str] = field(default_factory=list)
    closed: bool = False

    async def run(self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None) -> Result:
        """Asks the function, after the latency."""
        self.scripts.append(script)
        await asyncio.sleep(self.latency)
        result = self.answer(script, stdin)
        for line in result.stdout.decode(errors="replace").splitlines() if on_line else ():
            on_line(line) if on_line else None
        return result

    @asynccontextmanager
    async def hold(self, script: str) -> AsyncIterator[str]:
        """Yields the first line of what the function answers."""
        result = await self.run(script)
        yield result.stdout.decode(errors="replace").partition("\n")[0]

    async def put(self, source: Path, sha256: str) -> str:
        """Says where the blob would be."""
        await asyncio.sleep(self.latency)
        return f"{self.blobs or '/var/cache/hardway/blobs'}/{sha256}"

    @asynccontextmanager
    async def forward(self, host: str, port: int) -> AsyncIterator[Path]:
        """A simulated machine has no ports. Raises Unreachable."""
        raise Unreachable(self.machine, f"a simulated machine has no port {port}")
        yield Path()

    async def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True


def settled(resources: Sequence[Resource], known: Known, cluster: str, hostname: str = "simulated") -> bytes:
    """What a machine of the cluster answers to `observe_script` when all these resources are in place on it."""
    left = [one for one in resources if not isinstance(one, Reboot)]
    owned = "".join(f"{made(one.kind, one.name, {'chapter': one.chapter.value})}\n" for one in left)
    head = f"uname 6.12.0 x86_64\nhostname {hostname}\nstatic {hostname}\nboot 0\ncluster {cluster}\ncgroup v2\n"
    told: dict[str, str] = {
        "facts": head + "capabilities 1ffffffffff\nswap off\n",
        "os": "ID=debian\nVERSION_ID=13\n",
        "inventory": owned,
        "paths": "".join(_stat(one, known) for one in resources if isinstance(one, File | Program)),
        "beneath": "".join(_stat(one, known) for one in resources if isinstance(one, Directory | Program)),
        "hashes": "".join(f"{_attribute(one, known, 'sha256')}  {one.path}\0" for one in _files(resources)),
        "users": "".join(f"{one.user}:x:999:999::/:\n" for one in resources if isinstance(one, SystemUser)),
        "started": "".join(f"{one.unit} {_attribute(one, known, 'inputs')}\n" for one in _units(resources)),
        "units": "\n".join(_unit(one) for one in _units(resources)),
        "settings": "".join(f"{one.key} {one.value}\n" for one in resources if isinstance(one, KernelSetting)),
        "modules": "".join(f"{one.module}\n" for one in resources if isinstance(one, KernelModule)),
        "packages": "".join(
            f"{name} installed\n" for one in resources if isinstance(one, Packages) for name in one.names
        ),
        "images": "".join(
            f"{one.reference} application/x {_attribute(one, known, 'digest')}\n"
            for one in resources
            if isinstance(one, Image)
        ),
        "end": "",
    }
    return "".join(f"\0\0{name}\0{text}" for name, text in told.items()).encode()


def hostname_of(resources: Sequence[Resource]) -> str:
    """The host name that is wanted among these resources."""
    return next((one.hostname for one in resources if isinstance(one, HostName)), "simulated")


def _files(resources: Sequence[Resource]) -> list[File]:
    return [one for one in resources if isinstance(one, File)]


def _units(resources: Sequence[Resource]) -> list[Unit]:
    return [one for one in resources if isinstance(one, Unit)]


def _attribute(resource: Resource, known: Known, name: str) -> str:
    value = resource.attributes(known)[name]
    return "" if isinstance(value, Unknown) else value


def _stat(one: File | Program | Directory, known: Known) -> str:
    path = checked_path(one.path)
    if isinstance(one, Program):
        blob = f"/var/cache/hardway/blobs/{_attribute(one, known, 'sha256')}"
        return "\0".join((path, "symbolic link", "755", "root", "root", "1:1:1:1", f"{path} -> {blob}", ""))
    kind = "directory" if isinstance(one, Directory) else "regular file"
    return "\0".join((path, kind, f"{one.mode:o}", one.owner, one.owner, "1:1:1:1", path, ""))


def _unit(one: Unit) -> str:
    return f"Id={one.unit}\nNames={one.unit}\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
