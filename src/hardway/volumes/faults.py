"""What can go wrong with volumes, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class VolumeFault(Exception):
    """A volume could not be copied: what, the last lines of evidence, and a way out."""

    def __init__(self, what: str, evidence: str = "", advice: str = "", *, bad_input: bool = False) -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice
        self.bad_input = bad_input
        """Whether what the user gave must change; nothing was touched then."""
