"""What can go wrong with images, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class ImageFault(Exception):
    """An image could not be had, made or pushed: what, the last lines of evidence, and a way out. Never a secret."""

    def __init__(self, what: str, evidence: str = "", advice: str = "", *, bad_input: bool = False) -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice
        self.bad_input = bad_input
        """Whether it is the user's to change what was given."""
