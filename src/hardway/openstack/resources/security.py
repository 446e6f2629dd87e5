"""Security groups and their rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from hardway.openstack.resources.base import CloudObject, object_id
from hardway.resources.base import Attributes, Known

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(CloudObject):
    """A group of ports; what its rules do not let in is dropped."""

    kind: ClassVar[str] = "security-group"
    removal: ClassVar[int] = 225
    purpose: str = ""

    def attributes(self, known: Known) -> Attributes:
        return {"exists": "yes"}

    def describe(self) -> str:
        return f"security group {self.label}"


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule lets through."""

    direction: Direction
    family: Literal["IPv4", "IPv6"] = "IPv4"
    protocol: str = "any"
    first: int = 0
    """The first port; 0 for all."""
    last: int = 0
    peer: str = "anywhere"
    """An address range, or the name of a security group."""

    def __str__(self) -> str:
        ports = "" if not self.first else f" {self.first}" if self.first == self.last else f" {self.first}-{self.last}"
        word = "from" if self.direction == "ingress" else "to"
        return f"{self.direction} {self.family} {self.protocol}{ports} {word} {self.peer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupRule(CloudObject):
    """One rule. Its label says all of it, so a rule that is otherwise is another rule."""

    kind: ClassVar[str] = "security-rule"
    removal: ClassVar[int] = 220
    group: str
    opening: Opening
    purpose: str = ""

    def attributes(self, known: Known) -> Attributes:
        return {"exists": "yes"}

    def describe(self) -> str:
        why = f" ({self.purpose})" if self.purpose else ""
        return f"rule of {self.label}{why}"


def rule(group: str, opening: Opening, purpose: str = "", needs: tuple[str, ...] = ()) -> SecurityGroupRule:
    """The rule of a group that lets this through."""
    return SecurityGroupRule(
        label=f"{group}: {opening}",
        group=group,
        opening=opening,
        purpose=purpose,
        needs=(object_id(SecurityGroup.kind, group), *needs),
    )
