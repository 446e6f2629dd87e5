"""The list of tests that must pass. Pure but for its place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MUST_PASS: Final = Path(__file__).with_name("must-pass.txt")


def listed(text: str) -> list[str]:
    """The tests, one a line; what follows a # is for people."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
