"""Where a cloud keeps things on this computer, and how it names them: directories, namespaces, control groups, units.

Pure but for reading the environment, and the standard library alone: the cloud's own services import it too. All of a
cloud can be found again by these names, so that `down` works on half-made clouds. Labs are called `hardway-<lab>`;
labels hold no dot, so nobody takes the one for the other.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PREFIX = "hardway."
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
"""A label of the Domain Name System, short enough for the paths of unix sockets (unix(7): 107 bytes)."""
DEFAULT_NAME = "hardway"

CENTRAL = "central"
SERVICES = "services"
SOCKS = "socks"
PROXY = "proxy"
FABRIC = "fabric"
OPERATOR = "operator"


def clouds_root() -> Path:
    """Where all clouds live: $HARDWAY_CLOUDS, else /var/lib/hardway/clouds."""
    return Path(os.environ.get("HARDWAY_CLOUDS") or "/var/lib/hardway/clouds")


def is_name(text: str) -> bool:
    """Whether a cloud can be called that."""
    return NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class CloudPlace:
    """A cloud's names and directories."""

    cloud: str
    root: Path

    @classmethod
    def of(cls, cloud: str) -> CloudPlace:
        return cls(cloud, clouds_root())

    @property
    def directory(self) -> Path:
        return self.root / self.cloud

    @property
    def title(self) -> str:
        """The name of its control group, and the first part of the titles of all its parts."""
        return f"{PREFIX}{self.cloud}"

    def owns(self, title: str) -> bool:
        """Whether a namespace or unit of this title is the cloud's."""
        return title == self.title or title.startswith(f"{self.title}.")

    def part(self, name: str) -> str:
        """The title of a part: chassis1, fabric, operator, a server by its UUID."""
        return f"{self.title}.{name}"

    @property
    def record(self) -> Path:
        return self.directory / "cloud.json"

    @property
    def clouds_yaml(self) -> Path:
        return self.directory / "clouds.yaml"

    @property
    def etc(self) -> Path:
        return self.directory / "etc"

    @property
    def databases(self) -> Path:
        return self.directory / "db"

    @property
    def keys(self) -> Path:
        """Keystone's key repositories."""
        return self.directory / "keys"

    @property
    def data(self) -> Path:
        """What the services keep in files: images, each project's state."""
        return self.directory / "data"

    @property
    def instances(self) -> Path:
        """The servers' disks."""
        return self.directory / "instances"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def run(self) -> Path:
        """What is worth nothing after a restart: sockets, numbers of processes, states."""
        return self.directory / "run"

    @property
    def path(self) -> Path:
        """The directory that the services find the package `hardway` in, and nothing else that is installed with it."""
        return self.directory / "path"

    @property
    def notices(self) -> Path:
        """The datagram socket on which `cloud up` is told that a part's state has changed."""
        return self.run / "notices"

    def state(self, part: str) -> Path:
        """The file with the state of a part (JSON)."""
        return self.run / f"{part}.json"

    @property
    def ovn(self) -> Path:
        """The databases of OVN and of each chassis."""
        return self.directory / "ovn"

    @property
    def northbound(self) -> Path:
        return self.run / "nb.sock"

    @property
    def southbound(self) -> Path:
        return self.run / "sb.sock"

    def chassis(self, number: int) -> ChassisPlace:
        return ChassisPlace(self, number)


@dataclass(frozen=True, slots=True)
class ChassisPlace:
    """Names and directories of a chassis: a hypervisor as OVN sees it, in a network namespace of its own."""

    cloud: CloudPlace
    number: int
    """From 1."""

    @property
    def name(self) -> str:
        """Its host name for OVN, Neutron and Nova."""
        return f"chassis{self.number}"

    @property
    def title(self) -> str:
        """Its network namespace."""
        return self.cloud.part(self.name)

    @property
    def run(self) -> Path:
        return self.cloud.run / self.name

    @property
    def off(self) -> Path:
        """A file that is there while the chassis has no power."""
        return self.run / "off"

    @property
    def socket(self) -> Path:
        """Open vSwitch's database."""
        return self.run / "db.sock"
