"""Where the cloud's servers are kept on this computer, and how they are named. Pure.

A server's namespace, control group, unit and nspawn machine are named `hardway.NAME.<its UUID>`; two clouds of one
computer have different names, and a lab's titles begin with `hardway-`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hardway.cloud.places import CloudPlace
from hardway.lab.places import JobName


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A server's names and directories."""

    cloud: CloudPlace
    instances: Path
    """The directory of all servers, on a file system that can be an overlay's upper."""
    uuid: str

    @property
    def directory(self) -> Path:
        return self.instances / self.uuid

    @property
    def record(self) -> Path:
        """What it was made of (JSON); written last, so it is there only for a server made to the end."""
        return self.directory / "server.json"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def config_drive(self) -> Path:
        return self.directory / "config-drive"

    @property
    def job(self) -> JobName:
        return JobName(self.cloud, self.uuid)

    @property
    def title(self) -> str:
        return self.job.title
