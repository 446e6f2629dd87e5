"""Makes, boots, stops and destroys servers: their disks, their processes. Knows nothing of Nova.

Touches the servers' directories, their control groups, and (through `ports`) their namespaces. Nothing is remembered
here: what runs is found by the control groups' names, what was made by its record, so whoever manages may come and go.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hardway.cloud.compute.first_boot import SEED, FirstBoot
from hardway.cloud.compute.image import USER
from hardway.cloud.compute.places import ServerPlace
from hardway.cloud.compute.ports import renew_script, silence_script
from hardway.cloud.places import CloudPlace
from hardway.lab.cgroups import Keeper
from hardway.lab.faults import LabFault
from hardway.lab.files import write
from hardway.lab.jobs import Job
from hardway.lab.layers import install_unit, make_layers
from hardway.lab.nspawn import BLOBS, ENVIRONMENT, Boot


@dataclass(frozen=True, slots=True)
class Record:
    """What a server was made of."""

    host: str
    """Its chassis."""
    name: str
    """Its name among hypervisors: instance-00000001."""
    hostname: str
    tree: str
    """Name of its image's directory."""
    vcpus: int
    memory: int
    """In MiB."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one cloud on this computer, whichever chassis they are on."""

    cloud: CloudPlace
    instances: Path
    trees: Path
    blobs: Path | None
    """The operator's blob cache, which every server sees read-only."""
    keeper: Keeper

    def place(self, uuid: str) -> ServerPlace:
        return ServerPlace(self.cloud, self.instances, uuid)

    def record(self, uuid: str) -> Record | None:
        """What the server was made of; None where it is not, or was not made to the end."""
        try:
            return Record(**json.loads(self.place(uuid).record.read_text()))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def records(self) -> Mapping[str, Record]:
        """All servers that were made, by UUID."""
        directories = self.instances.iterdir() if self.instances.is_dir() else ()
        found = ((directory.name, self.record(directory.name)) for directory in directories)
        return {name: record for name, record in found if record is not None}

    def tree(self, name: str) -> Path:
        """The image of that name. Raises LabFault: whoever may upload images writes such names."""
        if not name or name.startswith(".") or "/" in name or not (self.trees / name / "usr").is_dir():
            raise LabFault(f"there is no image tree {name!r} in {self.trees}")
        return self.trees / name

    async def running(self, uuid: str) -> bool:
        return uuid in await self.keeper.running(self.cloud)

    async def make(self, uuid: str, record: Record, boot: FirstBoot, config_drive: Mapping[str, bytes]) -> None:
        """Make the disk; what was there under that UUID is destroyed. Raises LabFault."""
        await self.keeper.kill(self.place(uuid).job)
        await asyncio.to_thread(self._make, self.place(uuid), record, boot, config_drive)

    def _make(self, place: ServerPlace, record: Record, boot: FirstBoot, config_drive: Mapping[str, bytes]) -> None:
        tree = self.tree(record.tree)
        _remove(place.directory)
        upper = make_layers(place.directory, self.keeper.remounts)
        for path, content in config_drive.items():
            write(_inside(place.config_drive, path), content, 0o600)
        for file in boot.files:
            _lay(upper, tree, file.path)
            write(upper / file.path, file.content.encode(errors="surrogateescape"), file.mode)
            if file.of_user:
                owner = _home(tree).stat()
                os.chown(upper / file.path, owner.st_uid, owner.st_gid)
        for service in boot.services:
            install_unit(upper, service.name, service.text, service.wanted_by)
        write(place.console, "".join(f"{line}\n" for line in boot.console), 0o600)
        write(place.record, json.dumps(asdict(record)), 0o600)

    async def boot(self, uuid: str) -> None:
        """Boot a server that was made and whose namespace is there. Raises LabFault."""
        record = self.record(uuid)
        if record is None:
            raise LabFault(f"the server {uuid} is not made")
        await self.keeper.kill(self.place(uuid).job)
        await self.keeper.start(self.job(self.place(uuid), record))

    def job(self, place: ServerPlace, record: Record) -> Job:
        """The processes of a server."""
        blobs = ((self.blobs, BLOBS),) if self.blobs is not None and self.blobs.is_dir() else ()
        boot = Boot(
            title=place.title,
            hostname=record.hostname,
            uuid=place.uuid,
            tree=self.tree(record.tree),
            directory=place.directory,
            read_only=((place.config_drive, SEED), *blobs),
        )
        return Job(
            name=place.job,
            argv=boot.argv,
            environment=ENVIRONMENT,
            output=place.console,
            before=renew_script(place.title),
            after=silence_script(place.title),
            memory=record.memory << 20,
        )

    async def stop(self, uuid: str, within: float = 0) -> None:
        """Shut it down within so many seconds, then cut its power; its disk and ports stay."""
        job = self.place(uuid).job
        if within > 0:
            await self.keeper.terminate(job, within)
        await self.keeper.kill(job)

    async def remove(self, uuid: str) -> None:
        """Remove its disk, if it is there."""
        await asyncio.to_thread(_remove, self.place(uuid).directory)


def _home(tree: Path) -> Path:
    return tree / "home" / USER


def _lay(upper: Path, tree: Path, path: str) -> None:
    """Make the directories above a file, each owned as the image has it; the user's own ones are the user's."""
    for directory in reversed(Path(path).parents[:-1]):
        if (upper / directory).exists():
            continue
        (upper / directory).mkdir()
        there = (tree / directory).exists()
        like = (tree / directory).stat() if there else None
        if like is None and (tree / directory).is_relative_to(_home(tree)):
            like = _home(tree).stat()
        if like is not None:
            os.chown(upper / directory, like.st_uid, like.st_gid)
            (upper / directory).chmod(like.st_mode & 0o7777 if there else 0o700)


def _inside(directory: Path, path: str) -> Path:
    """Raises LabFault for a path that leads out."""
    if path.startswith("/") or ".." in Path(path).parts:
        raise LabFault(f"{path} is no path of a config drive")
    return directory / path


def _remove(directory: Path) -> None:
    """Nothing is mounted in it but in the server's own mount namespace."""
    if directory.exists():
        shutil.rmtree(directory)
