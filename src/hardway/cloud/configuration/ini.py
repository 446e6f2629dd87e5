"""The format of OpenStack's configuration files (oslo.config), from values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Value = str | int | float | Path | Sequence[str]
Section = Mapping[str, Value]
Sections = Mapping[str, Section]


def render(sections: Sections) -> str:
    """A file: its sections in their order, an option a line, lists with commas."""
    return "\n".join(_section(name, options) for name, options in sections.items())


def _section(name: str, options: Section) -> str:
    lines = (f"{option} = {_text(value)}\n" for option, value in options.items())
    return f"[{name}]\n{''.join(lines)}"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Path):
        return str(value)
    return ",".join(value)
