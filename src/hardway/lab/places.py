"""Where the lab keeps things on this computer, and how it names them: directories, namespaces, control groups, units.

Pure but for reading the environment. Everything of a lab can be found again by these names alone, so that `down` works
on half-made labs. The dot keeps names apart: no label contains one, so `hardway-a.b-c` is machine b-c of lab a only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

PREFIX = "hardway-"
NSPAWN_NAME_LIMIT = 64
"""systemd-nspawn(1): a machine's name is a host name, at most 64 characters."""


def labs_root() -> Path:
    """Where all labs live: $HARDWAY_LABS, else /var/lib/hardway/labs; a file system that can be an overlay's upper."""
    return Path(os.environ.get("HARDWAY_LABS") or "/var/lib/hardway/labs")


class Owner(Protocol):
    """Whose processes and namespaces they are: a lab, or a cloud."""

    @property
    def title(self) -> str:
        """The name of its control group, and the first part, before a dot, of the titles of all that it has."""
        ...

    def owns(self, title: str) -> bool:
        """Whether a namespace or unit of this title is its own."""
        ...


@dataclass(frozen=True, slots=True)
class LabPlace:
    """A lab's names and directories."""

    lab: str

    @property
    def directory(self) -> Path:
        return labs_root() / self.lab

    @property
    def client_key(self) -> Path:
        return self.directory / "ssh" / "id_ed25519"

    @property
    def forward_record(self) -> Path:
        """The file that remembers the loopback port of the API and where it leads (JSON)."""
        return self.directory / "forward.json"

    @property
    def machines(self) -> Path:
        return self.directory / "machines"

    @property
    def title(self) -> str:
        """The name of its network namespace and control group, and the first part of its machines' titles."""
        return f"{PREFIX}{self.lab}"

    @property
    def forward(self) -> JobName:
        """The job that forwards the loopback port to the API. No machine's name starts with an underscore."""
        return JobName(self, "_forward")

    def owns(self, title: str) -> bool:
        """Whether a namespace or unit of this title is the lab's or one of its machines'."""
        return title == self.title or title.startswith(f"{self.title}.")

    def machine(self, name: str) -> MachinePlace:
        return MachinePlace(self, name)


@dataclass(frozen=True, slots=True)
class MachinePlace:
    """A machine's names and directories."""

    lab: LabPlace
    name: str

    @property
    def directory(self) -> Path:
        return self.lab.machines / self.name

    @property
    def record(self) -> Path:
        """What the machine was made of (JSON); written last, so it is there only for a machine made to the end."""
        return self.directory / "machine.json"

    @property
    def root(self) -> Path:
        """The mount point of its root file system."""
        return self.directory / "root"

    @property
    def data(self) -> Path:
        """Its directories that must not lie on an overlay."""
        return self.directory / "data"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def known_hosts(self) -> Path:
        """Its public SSH host key, as known_hosts(5) under its name."""
        return self.directory / "known_hosts"

    @property
    def job(self) -> JobName:
        return JobName(self.lab, self.name)

    @property
    def title(self) -> str:
        """The name of its network namespace, of its unit, and of itself among all machines of this computer."""
        return self.job.title

    @property
    def nspawn_name(self) -> str:
        return nspawn_name(self.title)


@dataclass(frozen=True, slots=True)
class JobName:
    """A process tree in a control group of its own, such as a lab's machine, or its forward."""

    owner: Owner
    name: str

    @property
    def title(self) -> str:
        return f"{self.owner.title}.{self.name}"


def nspawn_name(title: str) -> str:
    """The title, or where that is too long for systemd-nspawn, its beginning and a digest of the whole."""
    if len(title) <= NSPAWN_NAME_LIMIT:
        return title
    return f"{title[:51]}-{sha256(title.encode()).hexdigest()[:12]}"
