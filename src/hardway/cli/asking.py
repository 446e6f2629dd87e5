"""Asks the person at the terminal. Nothing runs meanwhile, so that Ctrl-C is an answer too."""

from __future__ import annotations

import sys

from hardway.cli.errors import bad_input
from hardway.cli.interrupts import interruptible
from hardway.cli.screen import Screen


def agreed(screen: Screen, question: str) -> bool:
    """Whether the person wants it. Raises Trouble where nobody can be asked."""
    if not screen.asks:
        raise bad_input("not on a terminal, and no --yes: nothing was changed", "Give --yes.")
    return ask(question)


def ask(question: str) -> bool:
    """Whether the answer is yes; an empty one, or the end of input, is no. Raises KeyboardInterrupt."""
    with interruptible():
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
