"""Zones and records in the cloud's DNS. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from hardway.openstack.resources.base import CloudObject
from hardway.resources.base import UNKNOWN, Attributes, Chapter, Known, Ref, Unknown

TTL: Final = 60
"""Seconds: an address that moves is found within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(CloudObject):
    """A DNS zone; its label ends in a dot. One that is there already is used and left."""

    kind: ClassVar[str] = "zone"
    removal: ClassVar[int] = 155
    chapter: Chapter = Chapter.NAMES
    email: str

    def attributes(self, known: Known) -> Attributes:
        return {"exists": "yes"}

    def describe(self) -> str:
        return f"DNS zone {self.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet(CloudObject):
    """The address (A) of a name; its label is the name, with a dot at its end. Attribute for references: `host`."""

    kind: ClassVar[str] = "record"
    removal: ClassVar[int] = 150
    chapter: Chapter = Chapter.NAMES
    zone: str
    host: str
    """The name without the last dot."""
    address: str | Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.address,) if isinstance(self.address, Ref) else ()

    def attributes(self, known: Known) -> Attributes:
        value = known(self.address) if isinstance(self.address, Ref) else self.address.encode()
        address = UNKNOWN if isinstance(value, Unknown) else value.decode()
        return {"address": address, "host": self.host, "ttl": str(TTL)}

    def describe(self) -> str:
        return f"DNS record {self.label}"
