"""What a check of a cloud answers. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a proof ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not tried"
    """The cloud lacks what the proof needs, or no proofs were wanted."""


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What came of one proof."""

    name: str
    proves: str
    state: State
    evidence: str
    """What was seen; of a failed proof, what went wrong; of one that was not tried, why."""
    seconds: float


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """One of the twelve services."""

    name: str
    counterpart: str
    """What does the same in AWS."""
    there: bool
    version: str
    """Empty where the service is not there or does not tell."""
    proofs: tuple[ProofResult, ...]
    """Empty where the service is not there."""


class Standing(StrEnum):
    """How a cloud stands in one respect."""

    AMISS = "amiss"
    FINE = "fine"
    NOT_KNOWN = "not known"
    """It cannot be told from outside, or not by this user."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the cloud as a whole."""

    about: str
    standing: Standing
    what: str
    """What was seen, or why it is not known."""
    advice: str = ""
    """What to do where something is amiss."""


@dataclass(frozen=True, slots=True)
class CloudReport:
    """All that was found out about a cloud."""

    cloud: str
    region: str
    services: tuple[ServiceReport, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no proof failed. A service that is not there fails nothing."""
        return not any(proof.state is State.FAILED for service in self.services for proof in service.proofs)
