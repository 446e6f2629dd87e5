"""The YAML text of a compose file as a tree of values with places: anchors, merge keys, !reset and !override. Pure.

Plain values are read by YAML 1.2's core schema, as compose-go does: `yes`, `on` and `22:22` are text.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from hardway.compose.faults import Collector, ComposeFaults
from hardway.compose.tree import Entry, Items, Node, Path, Place, Plain, Scalar, Table
from hardway.spec.faults import shown

LARGEST: Final = 1024 * 1024
"""Bytes of one file."""
DEEPEST: Final = 40
"""Levels of nesting."""
MOST_VALUES: Final = 100_000
"""Values once every alias is written out: a few lines of nested aliases would be billions."""

_TAGS: Final = ("!reset", "!override")
_TEXT: Final = "tag:yaml.org,2002:str"
_ODD: Final = re.compile("[\x00\ud800-\udfff]")
"""A null character, and halves of surrogate pairs."""
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})\Z")
_OCTAL: Final = re.compile(r"0o?([0-7]{1,20})\Z")
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{1,20})\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?\Z")


class _Loader(yaml.SafeLoader):
    """Composes nodes, never objects; bounded in depth."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012  # plain scalars are text to it: `_plain` reads them
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST} levels", problem_mark=mark)
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def read(content: str, file: str) -> Table:
    """The one document of a compose file. Raises ComposeFaults."""
    node = _composed(content, file)
    reader = _Reader(file)
    tree = reader.node(node, ()) if node is not None else Table({}, Place(file, 1, 1))
    if not isinstance(tree, Table):
        reader.faults.add(tree.place, (), "is no mapping", "begin with `services:`")
    reader.faults.raise_any()
    assert isinstance(tree, Table)
    return tree


def _composed(content: str, file: str) -> yaml.Node | None:
    faults = Collector()
    try:
        loader = _Loader(content)
        node: yaml.Node | None = loader.get_single_node()
        return node
    except yaml.reader.ReaderError as error:
        before = content[: error.position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        faults.add(place, (), f"the character {shown(content[error.position])} is not allowed", "remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        faults.add(place, (), f"not valid YAML: {error.problem}", "check this line and the one before")
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        faults.add(Place(file), (), "not valid YAML")
    raise ComposeFaults(faults.faults)


class _Reader:
    """Turns nodes into a tree; an alias is the tree of its anchor, places included."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._made: dict[int, tuple[Node, int]] = {}
        self._open: set[int] = set()
        self._size = 0
        self.faults = Collector()

    def node(self, node: yaml.Node, path: Path) -> Node:
        key = id(node)
        if key in self._open:
            self.faults.add(self._place(node), path, "an anchor that holds itself", "write the value out")
            return Scalar(None, self._place(node))
        if key not in self._made:
            self._open.add(key)
            before = self._size
            self._size += 1
            made = self._new(node, path)
            self._open.discard(key)
            self._made[key] = (made, self._size - before)
            return made
        made, size = self._made[key]
        self._size += size
        if self._size > MOST_VALUES:
            self._too_many(node)
        return made

    def _too_many(self, node: yaml.Node) -> None:
        self.faults.add(self._place(node), (), f"aliases that make more than {MOST_VALUES} values", "use fewer")
        self.faults.raise_any()

    def _new(self, node: yaml.Node, path: Path) -> Node:
        tag = node.tag if node.tag in _TAGS else ""
        if node.tag.startswith("!") and not tag:
            self.faults.add(self._place(node), path, f"the tag {shown(node.tag)} is not known", "remove it")
        if isinstance(node, yaml.MappingNode):
            return Table(self._entries(node, path), self._place(node), tag)
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.node(item, (*path, number)) for number, item in enumerate(node.value))
            return Items(items, self._place(node), tag)
        return self._scalar(node, path, tag)

    def _scalar(self, node: Any, path: Path, tag: str) -> Scalar:
        place = self._place(node)
        self._check_characters(node.value, place, path)
        is_plain = node.style is None and not (node.tag == _TEXT and _tagged(node))
        value = _plain(node.value) if is_plain else node.value
        return Scalar(value, place, node.value, tag)

    def _check_characters(self, written: str, place: Place, path: Path) -> None:
        found = _ODD.search(written)
        if found:
            self.faults.add(place, path, f"holds {found[0]!a}, which is no text", "remove it")

    def _entries(self, node: yaml.MappingNode, path: Path) -> dict[str, Entry]:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.add(self._place(key), path, "a key must be plain text", "write it as `key: value`")
            elif key.value == "<<" and key.style is None:
                merged = {**self._merged(value, path), **merged}
            elif key.value in own:
                line = own[key.value].place.line
                what = f"given twice, first on line {line}"
                self.faults.add(self._place(key), (*path, key.value), what, "keep one")
            else:
                self._check_characters(key.value, self._place(key), path)
                own[key.value] = Entry(self._place(key), self.node(value, (*path, key.value)))
        return {**merged, **own}

    def _merged(self, value: yaml.Node, path: Path) -> dict[str, Entry]:
        """What a merge key brings: of several mappings the first wins (yaml.org/type/merge)."""
        found: dict[str, Entry] = {}
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for source in sources:
            tree = self.node(source, path)
            if isinstance(tree, Table):
                found = {**tree.entries, **found}
            else:
                self.faults.add(self._place(source), path, "a merge key (<<) takes mappings", "name a mapping's anchor")
        return found

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


def _tagged(node: Any) -> bool:
    """Whether the text says `!!str` itself."""
    mark = node.start_mark
    buffer = mark.buffer
    return bool(buffer and buffer[mark.pointer : mark.pointer + 1] == "!")


def _plain(written: str) -> Plain:
    """A plain scalar by YAML's core schema, with 0644 as octal as compose-go has it."""
    if written in ("", "~", "null", "Null", "NULL"):
        return None
    if written in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return written.lower() == "true"
    for pattern, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
        found = pattern.match(written)
        if found:
            return int(found.group(0) if base == 10 else found.group(1), base)
    return float(written) if _FLOAT.match(written) else written
