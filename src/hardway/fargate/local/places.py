"""Where a local Fargate keeps its things, and how it names them, so that `down` finds all of it by name alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from hardway.lab.faults import LabFault
from hardway.lab.places import JobName

SERVER = "server"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


def root() -> Path:
    """Where all of them live: $HARDWAY_FARGATE, else /var/lib/hardway/fargate; can be an overlay's upper."""
    return Path(os.environ.get("HARDWAY_FARGATE") or "/var/lib/hardway/fargate")


@dataclass(frozen=True, slots=True)
class FargatePlace:
    """One local Fargate. No lab's title (hardway-LAB) or cloud's (hardway.CLOUD) begins as its does."""

    name: str

    @property
    def title(self) -> str:
        return f"hardway..{self.name}"

    def owns(self, title: str) -> bool:
        return title == self.title or title.startswith(f"{self.title}.")

    @property
    def directory(self) -> Path:
        return root() / self.name

    @property
    def record(self) -> Path:
        """What `up` was told, and the server's port (JSON)."""
        return self.directory / "record.json"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    @property
    def images(self) -> Path:
        """Images, unpacked."""
        return self.directory / "images"

    @property
    def tasks(self) -> Path:
        return self.directory / "tasks"

    @property
    def runc(self) -> Path:
        """runc's own state."""
        return self.directory / "runc"

    @property
    def job(self) -> JobName:
        return JobName(self, SERVER)

    def task_title(self, task: str) -> str:
        """The network namespace of a task."""
        return f"{self.title}.{task[:12]}"


def place(name: str) -> FargatePlace:
    """Raises LabFault for what is no name."""
    if not _NAME.fullmatch(name):
        advice = "use at most 32 lower-case letters, digits and hyphens"
        raise LabFault(f"{name[:60]!r} is no name of a local Fargate", advice=advice)
    return FargatePlace(name)
