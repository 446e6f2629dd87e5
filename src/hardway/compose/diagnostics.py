"""What became of each part of a project on its way to the cluster: nothing is lost silently. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hardway.compose.tree import Path, Place
from hardway.spec.faults import Fault, dotted


class Kind(StrEnum):
    """What became of it."""

    MAPPED = "mapped"
    """It is there, in a way that is worth knowing."""
    RENAMED = "renamed"
    HARMLESS = "harmless"
    """Left out: a cluster has its own way of it, or needs none."""
    DROPPED = "dropped"
    """Left out although it means something: only where that was allowed."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One of them."""

    kind: Kind
    place: Place
    path: Path
    what: str
    way_out: str = ""

    @property
    def where(self) -> str:
        return dotted(self.path)

    def __str__(self) -> str:
        said = f"{self.place}: {self.kind.value}: {self.where}: {self.what}"
        return f"{said} — {self.way_out}" if self.way_out else said

    def fault(self) -> Fault:
        return Fault(self.place.file, self.place.line, self.place.column, self.where, self.what, self.way_out)


@dataclass
class Telling:
    """Gathers diagnostics on the way; `lax` lets keys be dropped that mean something and have no place in a cluster."""

    lax: bool = False
    said: list[Diagnostic] = field(default_factory=list)

    def _say(self, kind: Kind, place: Place, path: Path, what: str, way_out: str = "") -> None:
        one = Diagnostic(kind, place, path, what, way_out)
        if one not in self.said:
            self.said.append(one)

    def mapped(self, place: Place, path: Path, what: str, way_out: str = "") -> None:
        self._say(Kind.MAPPED, place, path, what, way_out)

    def renamed(self, place: Place, path: Path, what: str, way_out: str = "") -> None:
        self._say(Kind.RENAMED, place, path, what, way_out)

    def harmless(self, place: Place, path: Path, what: str) -> None:
        self._say(Kind.HARMLESS, place, path, what)

    def refuse(self, place: Place, path: Path, what: str, way_out: str = "") -> None:
        """For what would lose data, or could not run."""
        self._say(Kind.REFUSED, place, path, what, way_out)

    def cannot(self, place: Place, path: Path, what: str, way_out: str = "") -> None:
        """For what a cluster has no place for: refused, or dropped where that is allowed."""
        self._say(Kind.DROPPED if self.lax else Kind.REFUSED, place, path, what, way_out)
