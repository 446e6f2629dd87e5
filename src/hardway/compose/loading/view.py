"""Reads typed values out of a document: each accessor gives a value or its default, and tells a fault. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hardway.compose import units
from hardway.compose.faults import Collector
from hardway.compose.tree import Items, Node, Path, Place, Scalar, Table, empty

T = TypeVar("T")

TRUE = frozenset({"true", "1", "yes", "y", "on"})
FALSE = frozenset({"false", "0", "no", "n", "off"})


@dataclass(frozen=True, slots=True)
class View:
    """A mapping of the document."""

    table: Table
    path: Path
    faults: Collector

    def inner(self, key: str) -> View:
        """A mapping within; an empty one where there is none."""
        found = self.table.get(key)
        return View(found if isinstance(found, Table) else empty(self.place(key)), (*self.path, key), self.faults)

    def place(self, key: str) -> Place:
        entry = self.table.entries.get(key)
        if entry is None:
            return self.table.place
        return entry.node.place if isinstance(entry.node, Scalar) else entry.place

    def has(self, key: str) -> bool:
        found = self.table.get(key)
        return found is not None and not (isinstance(found, Scalar) and found.value is None)

    def text(self, key: str, default: str = "") -> str:
        found = self.table.get(key)
        return found.text if isinstance(found, Scalar) and found.value is not None else default

    def _read(self, key: str, read: Callable[[str], T | None], form: str) -> T | None:
        if not self.has(key):
            return None
        value = read(self.text(key))
        if value is None:
            self.faults.add(self.place(key), (*self.path, key), f"{self.text(key)!r} is no {form}")
        return value

    def whole(self, key: str, *, least: int = 0, most: int = 2**31) -> int | None:
        def read(written: str) -> int | None:
            value = int(written) if written.isascii() and written.isdigit() and len(written) < 12 else None
            return value if value is not None and least <= value <= most else None

        return self._read(key, read, f"whole number from {least} to {most}")

    def truth(self, key: str, default: bool = False) -> bool:
        def read(written: str) -> bool | None:
            folded = written.lower()
            return folded in TRUE if folded in TRUE | FALSE else None

        value = self._read(key, read, "truth value: write true or false")
        return default if value is None else value

    def seconds(self, key: str) -> float | None:
        return self._read(key, units.seconds, "duration: write it as 1m30s")

    def size(self, key: str) -> int | None:
        return self._read(key, units.size, "size: write it as 512m")

    def millis(self, key: str) -> int | None:
        return self._read(key, units.millis, "number of processors: write it as 0.5")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one of them."""
        found = self.table.get(key)
        if isinstance(found, Items):
            return tuple(item.text for item in found.items if isinstance(item, Scalar))
        return (found.text,) if isinstance(found, Scalar) and found.value is not None else ()

    def items(self, key: str) -> Iterator[tuple[View, Node]]:
        """The mappings of a list, and each as it is."""
        found = self.table.get(key)
        for number, item in enumerate(found.items if isinstance(found, Items) else ()):
            if isinstance(item, Table):
                yield View(item, (*self.path, key, number), self.faults), item

    def pairs(self, key: str) -> dict[str, str]:
        found = self.table.get(key)
        entries = found.entries.items() if isinstance(found, Table) else ()
        return {name: entry.node.text for name, entry in entries if isinstance(entry.node, Scalar)}

    def words(self, key: str) -> tuple[str, ...] | None:
        """A command: a list as it is, a text split as a shell would, without any other meaning of a shell."""
        found = self.table.get(key)
        if isinstance(found, Items):
            return self.texts(key)
        if not self.has(key):
            return None
        try:
            return tuple(shlex.split(self.text(key)))
        except ValueError as error:
            fault = f"cannot be split into words: {error}"
            self.faults.add(self.place(key), (*self.path, key), fault, "close the quote, or write a list")
            return None
