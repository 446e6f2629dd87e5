"""Edits of text files that are not ours: a marked block, and a line of mimeapps.list. Pure: text in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

BEGIN: Final = "# >>> hardway workstation >>>"
END: Final = "# <<< hardway workstation <<<"
DEFAULTS: Final = "[Default Applications]"


def block_of(text: str) -> tuple[str, ...] | None:
    """The lines between our marks; None where the marks are not there."""
    lines = text.splitlines()
    place = _place(lines)
    return None if place is None else tuple(lines[place.start + 1 : place.stop - 1])


def with_block(text: str, block: Sequence[str]) -> str:
    """The text with our block: in its old place, or at the end."""
    lines = text.splitlines(keepends=True)
    wanted = [f"{line}\n" for line in (BEGIN, *block, END)]
    place = _place([line.rstrip("\r\n") for line in lines])
    if place is not None:
        return "".join((*lines[: place.start], *wanted, *lines[place.stop :]))
    apart = "\n" if text and not text.endswith("\n") else ""
    return "".join((text, apart, *wanted))


def without_block(text: str) -> str:
    """The text without our block and its marks."""
    lines = text.splitlines(keepends=True)
    place = _place([line.rstrip("\r\n") for line in lines])
    return text if place is None else "".join((*lines[: place.start], *lines[place.stop :]))


def _place(lines: Sequence[str]) -> range | None:
    """The numbers of the lines of the block, its marks included. A mark without the other one marks nothing."""
    if BEGIN not in lines:
        return None
    begin = lines.index(BEGIN)
    return range(begin, lines.index(END, begin) + 1) if END in lines[begin:] else None


def default_of(text: str, mime: str) -> str | None:
    """What mimeapps.list names for a media type; None where it names nothing."""
    found = (value for _, key, value in _defaults(text.splitlines()) if key == mime)
    return next(found, None)


def with_default(text: str, mime: str, handlers: str | None) -> str:
    """The same text naming these handlers, or nothing, for a media type that it names one for already."""
    lines = text.splitlines(keepends=True)
    for number, key, _ in _defaults([line.rstrip("\r\n") for line in lines]):
        if key == mime:
            lines[number] = "" if handlers is None else f"{mime}={handlers}\n"
    return "".join(lines)


def _defaults(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Number, key and value of each line of the section of defaults."""
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("["):
            inside = line.startswith(DEFAULTS)
        elif inside and "=" in line:
            key, _, value = line.partition("=")
            yield number, key, value
