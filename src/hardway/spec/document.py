"""YAML text as plain values with the position of each; only safe constructs, no aliases, bounded in size and depth."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from hardway.spec.faults import Fault, Path, Place, SpecFaults, dotted, shown

LARGEST: Final = 512 * 1024
"""Bytes; a cluster of 5,000 workers needs half of it."""
DEEPEST: Final = 24
"""Levels of nesting; the spec has six."""
MOST_VALUES: Final = 60_000
"""Keys and values together; a cluster of 5,000 workers has half of them."""
LONGEST_NUMBER: Final = 40
"""Characters."""

Mark = Any
"""yaml.Mark; PyYAML's stubs know two classes of that name."""

_TEXT: Final = "tag:yaml.org,2002:str"
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_SCALARS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_PLAIN: Final = _SCALARS | {_TEXT, _TIMESTAMP, "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}
_MAPPING: Final = "tag:yaml.org,2002:map"
_SEQUENCE: Final = "tag:yaml.org,2002:seq"


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its values, where each stands, and what is wrong with it beyond its syntax."""

    data: Any
    keys: Mapping[Path, Place]
    """Where each value's key stands; for an item of a list, the item."""
    values: Mapping[Path, Place]
    """Where each scalar stands; for a mapping or a list, its key."""
    faults: tuple[Fault, ...]
    broken: tuple[Path, ...]
    """Values that could not be read: None stands in their place, and each is among the faults."""
    doubtful: tuple[Path, ...]
    """Values given twice: the first stands."""

    def nearest_place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where a fault of this value is shown: at a scalar itself, at the key of a mapping or a list; for what is not
        in the document, at the innermost thing around it that is."""
        places = self.keys if of_key else self.values
        ways = (path[:length] for length in range(len(path), -1, -1))
        return next((places[way] for way in ways if way in places), Place(1, 1))


class _Refused(Exception):
    """YAML that is well-formed and still not taken."""

    def __init__(self, event: yaml.Event, what: str, way_out: str) -> None:
        super().__init__(what)
        self.place, self.what, self.way_out = _place(event.start_mark), what, way_out


class _Composer(yaml.SafeLoader):
    """Composes nodes, never objects; stops at the first alias, at too deep a nesting, at too many values."""

    depth = 0
    values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.next_event()
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(event, "aliases (*name) are not taken", "write the value out")
        if self.depth == DEEPEST:
            raise _Refused(event, f"nested deeper than {DEEPEST} levels", "the spec needs six")
        if self.values == MOST_VALUES:
            raise _Refused(event, f"more than {MOST_VALUES} values", "no spec needs that many")
        self.values += 1
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def next_event(self) -> yaml.Event:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in the stubs
        return event


def read(text: str, file: str, init: str = "hardway init") -> Document:
    """The one document of a YAML text, with its lesser faults listed; `init` is the command that writes a first one.

    Raises SpecFaults for faults of syntax.
    """
    if len(text) > LARGEST:
        raise too_large(file)
    node = _compose(text, file)
    if node is None:
        raise SpecFaults((Fault(file, 0, 0, "", "is empty", f"begin with the output of `{init}`"),))
    reader = _Reader(file)
    data = reader.value(node, (), node.start_mark)
    faults, broken, doubtful = tuple(reader.faults), tuple(reader.broken), tuple(reader.doubtful)
    return Document(data, reader.keys, reader.values, faults, broken, doubtful)


def too_large(file: str) -> SpecFaults:
    """What is raised for a file of more than `LARGEST`."""
    return SpecFaults((Fault(file, 0, 0, "", f"larger than {LARGEST // 1024} KiB", "no spec needs that much"),))


def _compose(text: str, file: str) -> yaml.Node | None:
    """The root node, None for an empty document."""
    try:
        loader = _Composer(text)
    except yaml.reader.ReaderError as error:
        raise SpecFaults((_unreadable(error, text, file),)) from None
    try:
        return _only_document(loader)
    except _Refused as error:
        at = error.place
        raise SpecFaults((Fault(file, at.line, at.column, "", error.what, error.way_out),)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecFaults((_at(mark, file, f"not valid YAML: {error.problem}", _advice(str(error.problem))),)) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML lets the errors of int() and chr() through, for a directive or an escape beyond their range.
        raise SpecFaults((_at(loader.get_mark(), file, "not valid YAML: a number out of range"),)) from None


def _only_document(loader: _Composer) -> yaml.Node | None:
    if not loader.check_node():
        return None
    node: yaml.Node | None = loader.get_node()
    if loader.check_node():
        raise _Refused(loader.next_event(), "a second document begins here (---)", "one cluster a file")
    return node


def _at(mark: Mark | None, file: str, what: str, way_out: str = "") -> Fault:
    place = _place(mark) if mark else Place()
    return Fault(file, place.line, place.column, "", what, way_out)


def _place(mark: Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _unreadable(error: yaml.reader.ReaderError, text: str, file: str) -> Fault:
    before = text[: error.position]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Fault(file, line, column, "", f"the character {shown(text[error.position])} is not allowed", "remove it")


def _advice(problem: str) -> str:
    advice = {
        "'\\t'": "indent with spaces, not with tabs",
        "mapping values": "check the indentation, and put text that holds a colon and a space in quotes",
        "expected ':'": "put a colon and a space after the key",
        "<block end>": "check the indentation of this line and of the one before",
        "'@'": "put the text in quotes",
        "'%'": "put the text in quotes",
        "'`'": "put the text in quotes",
    }
    return next((way for sign, way in advice.items() if sign in problem), "check the lines just before, too")


class _Reader:
    """Turns nodes into values; notes positions and faults on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self.broken: list[Path] = []
        self.doubtful: list[Path] = []

    def value(self, node: yaml.Node, path: Path, key_mark: Mark) -> Any:
        self.keys[path] = _place(key_mark)
        self.values[path] = _place(node.start_mark if isinstance(node, yaml.ScalarNode) else key_mark)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
            return [self.value(item, (*path, n), item.start_mark) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN:
            return self._scalar(node, path)
        return self._refuse(node, path, f"the tag {shown(node.tag)} is not allowed", "remove it")

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        first: dict[str, Mark] = {}
        for key, value in node.value:
            name = self._key(key, path)
            if name is None:
                continue
            if name in first:
                line = first[name].line + 1
                self._fault(key, (*path, name), f"given twice, first on line {line}", "keep one")
                self.doubtful.append((*path, name))
                continue
            first[name] = key.start_mark
            yield name, self.value(value, (*path, name), key.start_mark)

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        """The key as it is written: `on` and `1` are names here, not a truth value or a number."""
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN and not _odd(node.value):
            return str(node.value)
        self._fault(node, path, "a key must be plain text", "write it as `key: value`")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        if _odd(node.value):
            return self._refuse(node, path, f"holds {_odd(node.value)}", "write plain text of one line")
        if node.tag not in _SCALARS or ":" in node.value:  # YAML 1.1 takes 10:30 for a number, in base 60
            return node.value
        if len(node.value) > LONGEST_NUMBER:
            return self._refuse(node, path, "a number of so many digits", "put it in quotes if it is text")
        try:
            return SafeConstructor().construct_object(node)
        except (ConstructorError, ValueError, OverflowError, KeyError, IndexError):
            return self._refuse(node, path, f"{shown(node.value)} is not what its tag says", "put it in quotes")

    def _refuse(self, node: yaml.Node, path: Path, what: str, way_out: str) -> Any:
        """Notes a value that cannot be read; returns what stands in its place."""
        self._fault(node, path, what, way_out)
        self.broken.append(path)
        return None

    def _fault(self, node: yaml.Node, path: Path, what: str, way_out: str) -> None:
        place = _place(node.start_mark)
        self.faults.append(Fault(self.file, place.line, place.column, dotted(path), what, way_out))


def _odd(text: str) -> str | None:
    """The first character that is none of plain text, escaped: controls, and halves of surrogate pairs, which nothing
    can print."""
    return next((shown(each) for each in text if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")), None)
