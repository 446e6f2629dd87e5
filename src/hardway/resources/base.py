"""What every resource is: an identity, attributes to compare, and references to what is known only later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final

OPERATOR: Final = "operator"
"""The "machine" of everything that lives on the operator's own side: keys, certificates, programs in the cache."""


class Chapter(StrEnum):
    """The guide's chapters, in the order in which they are told (edges, not chapters, decide the order of work)."""

    MACHINES = "machines"
    TOOLS = "tools"
    OS = "operating system"
    BALANCER = "balancer"
    NAMES = "names"
    CERTIFICATES = "certificates"
    KUBECONFIGS = "kubeconfigs"
    ENCRYPTION = "encryption"
    ETCD = "etcd"
    CONTROL_PLANE = "control plane"
    RBAC = "RBAC"
    WORKERS = "workers"
    ACCESS = "access"
    POD_NETWORK = "pod network"
    DNS = "DNS"
    SMOKE_TEST = "smoke test"
    ASSOCIATIONS = "file associations"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that another resource has, or will have once it is made: `Ref("certificate:operator:admin", "pem")`."""

    resource: str
    """The id of that resource."""
    attribute: str
    secret: bool = False
    """Shown as *** wherever a person or a file could see it."""


class Unknown:
    """The value of a `Ref` whose resource is yet to be made."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()

Value = bytes | Unknown
Known = Callable[[Ref], Value]
"""Looks a reference up: its bytes, or UNKNOWN while the resource it names is yet to be made (or made anew)."""

Attributes = Mapping[str, str | Unknown]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of a file: literal text and references, in order."""

    parts: tuple[str | Ref, ...]

    @classmethod
    def of(cls, *parts: str | Ref) -> Content:
        return cls(parts)

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(part for part in self.parts if isinstance(part, Ref))

    def resolve(self, known: Known) -> Value:
        """The bytes, or UNKNOWN while any part is."""
        values = [part.encode() if isinstance(part, str) else known(part) for part in self.parts]
        if any(isinstance(value, Unknown) for value in values):
            return UNKNOWN
        return b"".join(value for value in values if not isinstance(value, Unknown))

    def shown(self, known: Known) -> str:
        """The text for a person: secrets masked, unknown parts named."""
        return "".join(part if isinstance(part, str) else _shown(part, known) for part in self.parts)


def _shown(ref: Ref, known: Known) -> str:
    if ref.secret:
        return "***"
    value = known(ref)
    return f"(known after apply: {ref.resource})" if isinstance(value, Unknown) else value.decode(errors="replace")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(ABC):
    """Something that shall be."""

    kind: ClassVar[str]
    removal: ClassVar[int]
    """When things of this kind are taken away: lower numbers first, what uses before what is used."""
    chapter: Chapter
    machine: str
    """The machine it is on, or OPERATOR."""
    needs: tuple[str, ...] = ()
    """Ids of resources that must be in place first, beyond those that follow from its other fields."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What distinguishes it among its kind on its machine: a path, a unit's name."""

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.machine}:{self.name}"

    @property
    def refs(self) -> tuple[Ref, ...]:
        """What it takes from other resources."""
        return ()

    @property
    def follows(self) -> tuple[str, ...]:
        """Ids that must be in place first, by its fields: its unit's files, its owner. Unknown ids are no fault."""
        return ()

    @property
    def reacts_to(self) -> Mapping[str, str]:
        """By id of another resource: the own attribute that is no longer right once that one's content changes."""
        return {}

    @abstractmethod
    def attributes(self, known: Known) -> Attributes:
        """What shall be seen once it is in place."""

    def describe(self) -> str:
        """One line for a person."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there in a resource's place: its attributes, none where nothing is."""

    id: str
    attributes: Mapping[str, str]
    owned: bool = False
    """Whether it is recorded as made by this cluster."""
    text: str | None = None
    """The present text where it is short and no secret, for diffs."""
    unlooked: str = ""
    """Why nobody could look, where nobody could: what is there is not known then."""

    @property
    def exists(self) -> bool:
        return bool(self.attributes)


def absent(resource_id: str) -> Seen:
    """Nothing is there."""
    return Seen(resource_id, {})
