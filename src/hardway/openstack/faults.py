"""What goes wrong with a cloud, for a person: what, the cloud's own words, a way out."""

from __future__ import annotations


class CloudFault(Exception):
    """The cloud cannot be reached, refuses, or does not have what is asked for."""

    def __init__(self, what: str, evidence: str = "", advice: str = "", *, status: int = 0, bad_input: bool = False):
        super().__init__(what)
        self.what = what
        self.evidence = evidence
        """What the API answered."""
        self.advice = advice
        self.status = status
        """The HTTP status that the API answered with; 0 where it did not answer."""
        self.bad_input = bad_input
        """Whether what the user gave must change: credentials, a name."""
