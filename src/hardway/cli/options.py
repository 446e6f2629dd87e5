"""Options that many verbs share, and how their help shows examples."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

SPEC: Final = Path("cluster.yaml")
PLAIN_ARGUMENTS: Final = {"allow_interspersed_args": False}
"""Everything after the first argument belongs to the command that is run, options included."""


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


SpecFile = Annotated[Path, typer.Option("--file", "-f", metavar="FILE", help="The cluster's spec.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="For people, or for other programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def examples(*lines: str) -> str:
    """An epilog of examples: `command | what it does`, one a line."""
    pairs = [tuple(part.strip() for part in line.split("|", 1)) for line in lines]
    width = max(len(pair[0]) for pair in pairs)
    shown = (f"  {pair[0]:<{width}}   {pair[1]}" if len(pair) > 1 else f"  {pair[0]}" for pair in pairs)
    return "\n".join(("Examples:", *shown))
