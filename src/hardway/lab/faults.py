"""What can go wrong in the lab, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class LabFault(Exception):
    """Something of the lab could not be done: what, the last lines of evidence, and a way out. Never a secret."""

    def __init__(self, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice
