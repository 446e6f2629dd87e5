"""What a machine holds: users, directories, files, programs, images, kernel settings, packages, units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from hardway.resources.base import UNKNOWN, Attributes, Content, Known, Ref, Resource, Unknown, digest

STATE = "/var/lib/hardway"
"""Where a machine remembers what hardway made on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemUser(Resource):
    """A system user and group of the same name, without a shell or a password."""

    kind: ClassVar[str] = "user"
    removal: ClassVar[int] = 90
    user: str
    home: str = "/nonexistent"

    @property
    def name(self) -> str:
        return self.user

    def attributes(self, known: Known) -> Attributes:
        return {"exists": "yes"}


def _owner(machine: str, owner: str) -> tuple[str, ...]:
    return () if owner == "root" else (f"user:{machine}:{owner}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory(Resource):
    """A directory with owner and mode. Removed only when empty, unless `data` is named for removal."""

    kind: ClassVar[str] = "directory"
    removal: ClassVar[int] = 80
    path: str
    owner: str = "root"
    mode: int = 0o755
    data: bool = False
    """It holds what the cluster remembers (etcd): goes only when named."""

    @property
    def name(self) -> str:
        return self.path

    @property
    def follows(self) -> tuple[str, ...]:
        parents = (f"directory:{self.machine}:{parent}" for parent in PurePosixPath(self.path).parents)
        return (*parents, *_owner(self.machine, self.owner))

    def attributes(self, known: Known) -> Attributes:
        return {"owner": self.owner, "mode": f"{self.mode:04o}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Resource):
    """A file with content, owner and mode; missing parent directories are made with mode 0755."""

    kind: ClassVar[str] = "file"
    removal: ClassVar[int] = 70
    path: str
    content: Content
    owner: str = "root"
    mode: int = 0o644

    @property
    def name(self) -> str:
        return self.path

    @property
    def secret(self) -> bool:
        return any(ref.secret for ref in self.content.refs)

    @property
    def refs(self) -> tuple[Ref, ...]:
        return self.content.refs

    @property
    def follows(self) -> tuple[str, ...]:
        parents = (f"directory:{self.machine}:{parent}" for parent in PurePosixPath(self.path).parents)
        return (*parents, *_owner(self.machine, self.owner))

    def attributes(self, known: Known) -> Attributes:
        content = self.content.resolve(known)
        shown = UNKNOWN if isinstance(content, Unknown) else digest(content)
        return {"sha256": shown, "owner": self.owner, "mode": f"{self.mode:04o}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Resource):
    """An executable from a blob (room `sources`), at a path; a link where the machine shares the operator's cache."""

    kind: ClassVar[str] = "program"
    removal: ClassVar[int] = 60
    path: str
    blob: str
    """The id of its `Blob`."""

    @property
    def name(self) -> str:
        return self.path

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (Ref(self.blob, "sha256"),)

    @property
    def follows(self) -> tuple[str, ...]:
        return tuple(f"directory:{self.machine}:{parent}" for parent in PurePosixPath(self.path).parents)

    def attributes(self, known: Known) -> Attributes:
        value = known(self.refs[0])
        return {"sha256": value if isinstance(value, Unknown) else value.decode(), "mode": "0755"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Resource):
    """A container image in containerd's k8s.io namespace, imported from an OCI archive blob."""

    kind: ClassVar[str] = "image"
    removal: ClassVar[int] = 50
    reference: str
    """The image's full name with tag, such as registry.k8s.io/pause:3.10.1."""
    blob: str
    unit: str
    """The id of containerd's unit on that machine."""

    @property
    def name(self) -> str:
        return self.reference

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (Ref(self.blob, "digest"), Ref(self.blob, "sha256"))

    @property
    def follows(self) -> tuple[str, ...]:
        return (self.unit,)

    def attributes(self, known: Known) -> Attributes:
        value = known(self.refs[0])
        return {"digest": value if isinstance(value, Unknown) else value.decode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages(Resource):
    """Packages of the machine's distribution."""

    kind: ClassVar[str] = "packages"
    removal: ClassVar[int] = 140
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return "+".join(self.names)

    def attributes(self, known: Known) -> Attributes:
        return {"missing": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSetting(Resource):
    """The live value of a sysctl (its file in /etc/sysctl.d is a `File`)."""

    kind: ClassVar[str] = "sysctl"
    removal: ClassVar[int] = 100
    key: str
    value: str

    @property
    def name(self) -> str:
        return self.key

    def attributes(self, known: Known) -> Attributes:
        return {"value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelModule(Resource):
    """A loaded kernel module, or the same built in."""

    kind: ClassVar[str] = "module"
    removal: ClassVar[int] = 110
    module: str

    @property
    def name(self) -> str:
        return self.module

    def attributes(self, known: Known) -> Attributes:
        return {"loaded": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostName(Resource):
    """The machine's own name (hostnamectl --static)."""

    kind: ClassVar[str] = "hostname"
    removal: ClassVar[int] = 130
    hostname: str

    @property
    def name(self) -> str:
        return "hostname"

    def attributes(self, known: Known) -> Attributes:
        return {"hostname": self.hostname}


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOff(Resource):
    """No swap in use, now and after a reboot."""

    kind: ClassVar[str] = "swap"
    removal: ClassVar[int] = 120

    @property
    def name(self) -> str:
        return "swap"

    def attributes(self, known: Known) -> Attributes:
        return {"swap": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot(Resource):
    """No restart is due before anything of ours is on the machine. Later ones are their keeper's: a machine at work is
    not restarted because a package was updated. Everything else on the machine comes after it (`plan/order.py`)."""

    kind: ClassVar[str] = "reboot"
    removal: ClassVar[int] = 150

    @property
    def name(self) -> str:
        return self.machine

    def attributes(self, known: Known) -> Attributes:
        return {"due": "no"}

    def describe(self) -> str:
        return "reboot, if its distribution asks for one"


@dataclass(frozen=True, slots=True)
class Probe:
    """An HTTP(S) request made on the machine itself that answers 200 once the unit does its work."""

    port: int
    path: str
    scheme: str = "http"
    host: str = "127.0.0.1"
    ca: Ref | None = None
    """The authority to verify the answer with (scheme https)."""
    server_name: str | None = None
    """The name to verify where it is not `host`."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many of a group may be out of service at once, while the others prove healthy."""

    group: str
    unavailable: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Resource):
    """A systemd service, enabled and running with what its files say now.

    `inputs` is a digest over everything in `restart_on`; the machine keeps the digest that the unit was last started
    with, so that a restart that was due is not forgotten when a run is cut off.
    """

    kind: ClassVar[str] = "unit"
    removal: ClassVar[int] = 30
    unit: str
    """Its full name, such as etcd.service."""
    restart_on: tuple[str, ...] = ()
    """Ids of the files and programs that it reads: the unit restarts when one of them changes."""
    ready: Probe | None = None
    ports: tuple[int, ...] = ()
    """TCP ports of its own beside that of `ready`: it is not started where another program listens at one of them."""
    ready_within: float = 60.0
    """Seconds from its start until `ready` must hold."""
    budget: Budget | None = None
    starts_after: tuple[str, ...] = ()
    """Ids of units and others that must be in place before it starts."""

    @property
    def name(self) -> str:
        return self.unit

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(Ref(resource, "sha256") for resource in self.restart_on)

    @property
    def follows(self) -> tuple[str, ...]:
        return (*self.restart_on, *self.starts_after)

    @property
    def reacts_to(self) -> Mapping[str, str]:
        return dict.fromkeys(self.restart_on, "inputs")

    def attributes(self, known: Known) -> Attributes:
        values = [known(ref) for ref in self.refs]
        pairs = zip(self.restart_on, values, strict=True)
        text = "".join(f"{name} {value.decode()}\n" for name, value in pairs if not isinstance(value, Unknown))
        inputs = UNKNOWN if any(isinstance(value, Unknown) for value in values) else digest(text.encode())
        return {"enabled": "yes", "active": "yes", "inputs": inputs}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOff(Resource):
    """A packaged unit that must not run here: stopped and masked. A unit that is not there is off."""

    kind: ClassVar[str] = "unit-off"
    removal: ClassVar[int] = 40
    unit: str

    @property
    def name(self) -> str:
        return self.unit

    def attributes(self, known: Known) -> Attributes:
        return {"off": "yes"}
