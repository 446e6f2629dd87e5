"""What is wrong with a spec: where it stands in the file, what is wrong, and a way out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]
"""The way from the top of the document to a value: ("machines", "masters", 0, "address")."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; both numbers count from 1, and 0 means the file as a whole."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a spec."""

    file: str
    line: int
    column: int
    where: str
    """The dotted path of the field, empty where it is about the file as a whole."""
    what: str
    way_out: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        said = ": ".join(part for part in (place, self.where, self.what) if part)
        return f"{said} — {self.way_out}" if self.way_out else said


class SpecFaults(Exception):
    """A spec cannot be used. `faults` has all that is wrong with it, in the order of the file."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found wrong, before its place in the file is known."""

    where: Path
    what: str
    way_out: str = ""
    also: tuple[Path, ...] = field(default=())
    """The other fields that were compared: the finding means nothing while one of them is at fault itself."""

    @property
    def about(self) -> tuple[Path, ...]:
        return (self.where, *self.also)


def dotted(path: Path) -> str:
    """machines.masters[0].address; a key with unusual characters is shown quoted."""
    return "".join(_part(part) for part in path).removeprefix(".")


def _part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", part) else f"[{shown(part)}]"


def shown(value: object) -> str:
    """A value for a person: quoted, escaped, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, None where none is."""
    folded = {each.casefold(): each for each in known}
    found = get_close_matches(word[:64].casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """a, b or c."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last
