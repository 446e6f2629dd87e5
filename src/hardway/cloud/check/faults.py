"""Why a cloud cannot be checked at all, in one sentence each."""

from __future__ import annotations


class CheckFault(Exception):
    """Says what is wrong, and what the user can do about it."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class BadCloud(CheckFault):
    """What the user gave cannot be used: the cloud's name, its credential, a file."""


class CloudUnreachable(CheckFault):
    """The cloud is named rightly and does not answer."""
