"""What is wrong with a project, all of it at once, each with file, line and column. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hardway.compose.tree import Path, Place
from hardway.spec.faults import Fault, dotted

MOST_FAULTS = 50
"""So many are told."""


class ComposeFaults(Exception):
    """A project cannot be used: `faults` has all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        ordered = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line, fault.column))
        self.faults = tuple(ordered[:MOST_FAULTS])
        self.more = len(ordered) - len(self.faults)
        super().__init__("\n".join(map(str, self.faults)))


class Collector:
    """Gathers faults on the way."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, place: Place, path: Path, what: str, way_out: str = "") -> None:
        self.faults.append(Fault(place.file, place.line, place.column, dotted(path), what, way_out))

    def raise_any(self) -> None:
        """Raises ComposeFaults where there was a fault."""
        if self.faults:
            raise ComposeFaults(self.faults)
