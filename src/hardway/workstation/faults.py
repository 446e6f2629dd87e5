"""What can go wrong on the workstation, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class WorkstationFault(Exception):
    """Something on this computer could not be done: what, the last lines of evidence, and a way out."""

    def __init__(self, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice
