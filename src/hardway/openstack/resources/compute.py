"""Servers, and what Nova wants beside them: key pairs and server groups. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hardway.openstack.resources.base import CloudObject
from hardway.resources.base import UNKNOWN, Attributes, Chapter, Known, Ref, Resource, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair(CloudObject):
    """The public key that the image's user lets in."""

    kind: ClassVar[str] = "key-pair"
    removal: ClassVar[int] = 215
    public: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.public,)

    def attributes(self, known: Known) -> Attributes:
        value = known(self.public)
        return {"public": UNKNOWN if isinstance(value, Unknown) else value.decode()}

    def describe(self) -> str:
        return f"key pair {self.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerGroup(CloudObject):
    """Servers to be kept on different hosts."""

    kind: ClassVar[str] = "server-group"
    removal: ClassVar[int] = 215
    policy: str
    """anti-affinity or soft-anti-affinity."""

    def attributes(self, known: Known) -> Attributes:
        return {"policy": self.policy}

    def describe(self) -> str:
        return f"server group {self.label}, {self.policy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Resource):
    """A server that hardway makes, running. Attribute for references: `id`."""

    kind: ClassVar[str] = "machine"
    removal: ClassVar[int] = 200
    chapter: Chapter = Chapter.MACHINES
    address: str
    image: str
    flavor: str
    port: str
    """The id of its port's resource."""
    key_pair: str
    group: str | None = None
    """The id of its server group's resource."""
    zone: str | None = None
    host_key: Ref
    """The private half, told to the server by its user data, so that the public half is known before it starts."""
    host_key_public: Ref

    @property
    def name(self) -> str:
        return self.machine

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.host_key, self.host_key_public)

    def attributes(self, known: Known) -> Attributes:
        return {"address": self.address, "flavor": self.flavor, "image": self.image, "running": "yes"}

    def describe(self) -> str:
        return f"server {self.machine} at {self.address}: {self.image}, {self.flavor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingServer(Resource):
    """A server that is there and is somebody else's: found by its name, looked at, never changed.

    Attribute for references: `host-key`.
    """

    kind: ClassVar[str] = "machine"
    removal: ClassVar[int] = 200
    chapter: Chapter = Chapter.MACHINES
    address: str

    @property
    def name(self) -> str:
        return self.machine

    def attributes(self, known: Known) -> Attributes:
        return {"address": self.address, "running": "yes"}

    def describe(self) -> str:
        return f"existing server {self.machine} at {self.address}"
