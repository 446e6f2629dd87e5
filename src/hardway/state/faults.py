"""What can be wrong with the state directory, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class StateFault(Exception):
    """The state directory cannot be used: what is wrong, and a way out. Never a secret."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, advice) if part))
        self.what = what
        self.advice = advice
