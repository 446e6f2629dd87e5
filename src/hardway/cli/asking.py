"""Asks the person at the terminal. Nothing runs meanwhile, so that Ctrl-C is an answer too."""

from __future__ import annotations

import sys

from hardway.cli.interrupts import interruptible


def ask(question: str) -> bool:
    """Whether the answer is yes; an empty one, or the end of input, is no. Raises KeyboardInterrupt."""
    with interruptible():
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
