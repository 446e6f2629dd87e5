"""A YAML document's values, each with where it stands; kept through merging: every key can say where it is from.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str | int, ...]
"""The way from the top to a value: ("services", "web", "ports", 0)."""
Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; line and column count from 1, and 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    value: Plain
    place: Place
    written: str = ""
    """As it was written: 1.10 is that, and no 1.1."""
    tag: str = ""
    """!reset or !override (Compose Specification, "Merge and override")."""

    @property
    def text(self) -> str:
        """As text: numbers as they were written, truth values as YAML 1.2 has them."""
        if isinstance(self.value, str):
            return self.value
        if self.value is None:
            return ""
        return str(self.value).lower() if isinstance(self.value, bool) else self.written or str(self.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place and its value."""

    place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping."""

    entries: Mapping[str, Entry]
    place: Place
    tag: str = ""

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.node if entry else None

    def having(self, key: str, node: Node, place: Place | None = None) -> Table:
        """With that value for a key; a key that was there keeps its place."""
        there = self.entries.get(key)
        at = place or (there.place if there else node.place)
        return replace(self, entries={**self.entries, key: Entry(at, node)})

    def without(self, *keys: str) -> Table:
        return replace(self, entries={key: entry for key, entry in self.entries.items() if key not in keys})


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    place: Place
    tag: str = ""


Node = Scalar | Table | Items


@dataclass
class Notes:
    """What a stage has to tell besides its result, in the order in which it came up."""

    warnings: list[tuple[Place, str]] = field(default_factory=list)

    def warn(self, place: Place, what: str) -> None:
        if (place, what) not in self.warnings:
            self.warnings.append((place, what))


def text(value: str, place: Place) -> Scalar:
    return Scalar(value, place, value)


def table(place: Place, entries: Mapping[str, Plain | Node]) -> Table:
    """A mapping made of another form of it: all of it stands at that form's place."""
    made = {key: Entry(place, _node(value, place)) for key, value in entries.items() if value is not None}
    return Table(made, place)


def _node(value: Plain | Node, place: Place) -> Node:
    return value if isinstance(value, Scalar | Table | Items) else Scalar(value, place)


def empty(place: Place) -> Table:
    return Table({}, place)


def plain(node: Node) -> Any:
    """The values alone, as JSON has them."""
    if isinstance(node, Table):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.value


def at(node: Node, path: Path) -> tuple[Place, Place]:
    """The places of a key and of its value; of the innermost thing around it that is there, where it is not."""
    key_place = node.place
    for part in path:
        if isinstance(node, Table) and str(part) in node.entries:
            entry = node.entries[str(part)]
            key_place, node = entry.place, entry.node
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            key_place = node.place
        else:
            break
    return key_place, node.place if isinstance(node, Scalar) else key_place


def walk(node: Node, path: Path = (), place: Place | None = None) -> Iterator[tuple[Path, Place, Node]]:
    """Everything in it, each with its key's place, outer things first."""
    yield path, place or node.place, node
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            yield from walk(entry.node, (*path, key), entry.place)
    if isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield from walk(item, (*path, number), item.place)
