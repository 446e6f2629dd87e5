"""Files of variables, .env and env_file: NAME=value lines, quotes, comments, variables in values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.interpolate import BadVariable, interpolated
from hardway.compose.tree import Place

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_HEAD: Final = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[^=:\s#]+)[ \t]*(?P<sign>[=:]?)[ \t]*")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}
_COMMENT: Final = re.compile(r"[ \t]+#.*\Z")


def read_variables(
    content: str, file: str, around: Mapping[str, str], faults: Collector, *, raw: bool = False
) -> dict[str, str]:
    """The variables of a file, in order; values may name earlier ones and those `around`. `raw` takes values as they
    stand. A name alone takes its value from around, and is left out where that has none."""
    reading = _Reading(content, file, around, faults, raw)
    reading.whole()
    return reading.found


class _Reading:
    def __init__(self, content: str, file: str, around: Mapping[str, str], faults: Collector, raw: bool) -> None:
        self._lines = content.removeprefix("\ufeff").splitlines()
        self._file, self._around, self._faults, self._raw = file, around, faults, raw
        self._number = 0
        self.found: dict[str, str] = {}

    def whole(self) -> None:
        while self._number < len(self._lines):
            line = self._lines[self._number]
            self._number += 1
            if line.strip() and not line.lstrip().startswith("#"):
                self._line(line)

    def _line(self, line: str) -> None:
        place = Place(self._file, self._number, 1)
        head = _HEAD.match(line)
        name = head["name"] if head else ""
        if head is None or not _NAME.fullmatch(name):
            self._faults.add(place, (), "is no NAME=value line", "begin it with # where it is a comment")
            return
        rest = line[head.end() :]
        if not head["sign"]:
            self._bare(name, rest, place)
            return
        value = self._value(rest, place)
        if value is not None:
            self.found[name] = value

    def _bare(self, name: str, rest: str, place: Place) -> None:
        if rest.strip() and not rest.lstrip().startswith("#"):
            self._faults.add(place, (), f"{name} is followed by no = sign", "write NAME=value")
        elif name in self._around:
            self.found[name] = self._around[name]

    def _value(self, rest: str, place: Place) -> str | None:
        if self._raw:
            return rest
        if rest[:1] == "'":
            return self._quoted(rest[1:], "'", place)
        if rest[:1] == '"':
            quoted = self._quoted(rest[1:], '"', place)
            return None if quoted is None else self._replaced(_unescaped(quoted), place)
        bare = "" if rest.startswith("#") else _COMMENT.sub("", rest).rstrip()
        return self._replaced(bare, place)

    def _quoted(self, rest: str, quote: str, place: Place) -> str | None:
        """Up to the closing quote, over several lines."""
        taken: list[str] = []
        while True:
            end = _closing(rest, quote)
            if end is not None:
                return "\n".join((*taken, rest[:end]))
            taken.append(rest)
            if self._number >= len(self._lines):
                self._faults.add(place, (), f"the quote {quote} is not closed", "close it")
                return None
            rest = self._lines[self._number]
            self._number += 1

    def _replaced(self, value: str, place: Place) -> str:
        try:
            return interpolated(value, {**self.found, **self._around})
        except BadVariable as bad:
            self._faults.add(place, (), bad.what, bad.way_out)
            return ""


def _closing(text: str, quote: str) -> int | None:
    at = 0
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
            continue
        if text[at] == quote:
            return at
        at += 1
    return None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text, flags=re.DOTALL)
