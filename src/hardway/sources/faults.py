"""What can go wrong in getting a program or image, said in full. Touches nothing."""

from __future__ import annotations


class SourceFault(Exception):
    """A blob could not be had: what, the last lines of evidence, and a way out. Never a secret."""

    def __init__(self, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice


class NotAnswering(SourceFault):
    """A source cannot be reached or does not have the blob; another one may."""


class WrongChecksum(SourceFault):
    """What came is not what was promised."""


class ChecksumChanged(WrongChecksum):
    """A release is no longer what it was when it was first seen."""


def disk_full(where: object, evidence: str = "") -> SourceFault:
    """The fault for ENOSPC, from us or from a compiler."""
    return SourceFault(
        f"the disk is full at {where}",
        evidence,
        "Free some space (a build of everything takes about 15 GB), or point HARDWAY_CACHE to another disk.",
    )
