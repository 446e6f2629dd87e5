"""Variables in a compose file's values: $NAME, ${NAME} and every operator, nested (Compose Specification,
"Interpolation"). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.tree import Entry, Items, Node, Notes, Path, Scalar, Table

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS: Final = (":-", "-", ":?", "?", ":+", "+")
DEEPEST: Final = 20
"""Levels of ${A:-${B:-...}}."""


class BadVariable(Exception):
    """A text that cannot be interpolated; says why, and a way out."""

    def __init__(self, what: str, way_out: str = "") -> None:
        super().__init__(what)
        self.what, self.way_out = what, way_out


Unset = Callable[[str], None]
"""Told of a variable that is not set and has no default."""


def interpolated(text: str, variables: Mapping[str, str], unset: Unset = lambda name: None) -> str:
    """The text with its variables replaced. Raises BadVariable."""
    return _Reading(text, variables, unset).whole()


class _Reading:
    """One pass over a text. What is not chosen (the default of a variable that is set) is read, and not evaluated."""

    def __init__(self, text: str, variables: Mapping[str, str], unset: Unset) -> None:
        self._text, self._variables, self._unset = text, variables, unset
        self._at = 0
        self._depth = 0

    def whole(self) -> str:
        return self._until("", live=True)

    def _until(self, end: str, *, live: bool) -> str:
        """Up to and without `end`, or to the end of the text where that is empty."""
        parts: list[str] = []
        while self._at < len(self._text):
            if end and self._text[self._at] == end:
                self._at += 1
                return "".join(parts)
            parts.append(self._piece(live))
        if end:
            raise BadVariable("a variable is not closed by }", "close it, or write $$ for a dollar sign")
        return "".join(parts)

    def _piece(self, live: bool) -> str:
        character = self._text[self._at]
        self._at += 1
        if character != "$":
            return character
        follows = self._text[self._at : self._at + 1]
        if follows == "$":
            self._at += 1
            return "$"
        if follows == "{":
            self._at += 1
            return self._braced(live)
        return self._value(self._name(), live)

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            near = self._text[max(0, self._at - 1) : self._at + 12]
            raise BadVariable(f"no variable's name after the dollar sign: {near!r}", "write $$ for a dollar sign")
        self._at = found.end()
        return found.group()

    def _braced(self, live: bool) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadVariable(f"variables nested deeper than {DEEPEST} levels")
        name = self._name()
        operator = next((one for one in _OPERATORS if self._text.startswith(one, self._at)), "")
        self._at += len(operator)
        if not operator and self._text[self._at : self._at + 1] != "}":
            raise BadVariable(f"${{{name} is followed by none of }} :- - :? ? :+ +", "write $$ for a dollar sign")
        value = self._chosen(name, operator, live)
        self._depth -= 1
        return value

    def _chosen(self, name: str, operator: str, live: bool) -> str:
        given = self._variables.get(name)
        there = given is not None and (not operator.startswith(":") or given != "")
        kind = operator.removeprefix(":")
        other = self._until("}", live=live and (there if kind == "+" else not there))
        if kind == "+":
            return other if there else ""
        if there and given is not None:
            return given
        if kind == "?" and live:
            raise BadVariable(f"{name} must be set" + (f": {other}" if other else ""), f"set {name} in .env or around")
        return other if kind == "-" else self._value(name, live)

    def _value(self, name: str, live: bool) -> str:
        if name not in self._variables and live:
            self._unset(name)
        return self._variables.get(name, "")


def expand(tree: Table, variables: Mapping[str, str], faults: Collector, notes: Notes) -> Table:
    """The document with every value interpolated; keys are as they are."""
    expanded = _expanded(tree, variables, faults, notes, ())
    assert isinstance(expanded, Table)
    return expanded


def _expanded(node: Node, variables: Mapping[str, str], faults: Collector, notes: Notes, path: Path) -> Node:
    if isinstance(node, Table):
        entries = {
            key: Entry(entry.place, _expanded(entry.node, variables, faults, notes, (*path, key)))
            for key, entry in node.entries.items()
        }
        return replace(node, entries=entries)
    if isinstance(node, Items):
        items = (_expanded(item, variables, faults, notes, (*path, n)) for n, item in enumerate(node.items))
        return replace(node, items=tuple(items))
    return _scalar(node, variables, faults, notes, path)


def _scalar(node: Scalar, variables: Mapping[str, str], faults: Collector, notes: Notes, path: Path) -> Scalar:
    if not isinstance(node.value, str) or "$" not in node.value:
        return node

    def unset(name: str) -> None:
        notes.warn(node.place, f"{name} is not set: it is empty here")

    try:
        value = interpolated(node.value, variables, unset)
    except BadVariable as bad:
        faults.add(node.place, path, bad.what, bad.way_out)
        return replace(node, value="")
    return replace(node, value=value, written=value)
