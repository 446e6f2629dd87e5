"""Where the command line prints: results on standard output, all else on standard error; others' text is made safe."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

WIDE: Final = 200
"""Columns off a terminal: no table is cut where another program reads it."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls but tab and line feed, and what turns the writing direction."""


def clean(text: str) -> str:
    """Text that came from a machine, a file or a person, without what would drive the terminal."""
    plain = text.replace("\r\n", "\n").expandtabs(4)
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", plain)


def said(text: str, style: str = "") -> Text:
    """The same as one of rich's texts: no markup is read in it."""
    from rich.text import Text

    return Text(clean(text), style=style)


@dataclass(frozen=True)
class Screen:
    """The two streams, as they are when they are first used."""

    @cached_property
    def out(self) -> Console:
        return _console(stderr=False)

    @cached_property
    def err(self) -> Console:
        return _console(stderr=True)

    @property
    def asks(self) -> bool:
        """Whether there is a person who can be asked."""
        return sys.stdin.isatty() and self.err.is_terminal

    def show(self, *what: RenderableType) -> None:
        """A result."""
        for one in what:
            self.out.print(one, soft_wrap=isinstance(one, str) or _is_text(one))

    def tell(self, text: str, style: str = "") -> None:
        """A line that is not the result."""
        self.err.print(said(text, style), soft_wrap=True)

    def json(self, value: Any) -> None:
        """The result as JSON; nothing else may go to standard output then."""
        import json

        self.write(json.dumps(value, indent=2) + "\n")

    def write(self, text: str) -> None:
        """A result that other programs read, as it is."""
        self.out.file.write(text)
        self.out.file.flush()


def _is_text(one: object) -> bool:
    from rich.text import Text

    return isinstance(one, Text)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    return console
