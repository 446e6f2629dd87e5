"""What a service is to the check: where it is looked for, how its version is read, and how it is proved to work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud
    from hardway.cloud.check.made import Made
    from hardway.cloud.check.report import Finding


class Wrong(Exception):
    """Something is not as it must be; says what was seen. The proof has failed."""


class Untried(Exception):
    """The cloud lacks something that the proof needs and that is nobody's fault, such as any image; says what."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof saw."""

    evidence: str
    findings: tuple[Finding, ...] = ()
    """What it learned besides; each takes the place of the finding about the same that was read."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Something small that is made, used and taken away again."""

    name: str
    proves: str
    """What is certain once it passed, in one sentence."""
    run: Callable[[Cloud, Made], Proved]
    """Notes each object to take away the moment that it is made. Raises Wrong, Untried, or what the cloud answers."""
    there: Callable[[Cloud], bool] = lambda cloud: True
    """Whether the cloud has what is proved; where not, the proof is left out."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A process behind a service's API, as the service itself lists it."""

    kind: str
    """Such as nova-scheduler, or L3 agent."""
    host: str
    alive: bool


def nothing_left(cloud: Cloud) -> None:
    """For services whose proof leaves nothing behind, or whose leftovers are another's to sweep."""


def no_agents(cloud: Cloud) -> Sequence[Agent]:
    """For services that list no processes."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """One of the twelve."""

    name: str
    counterpart: str
    """What does the same in AWS, by the article's author."""
    type: str
    """As https://service-types.openstack.org has it."""
    there: Callable[[Cloud], bool]
    version: Callable[[Cloud], str]
    """Empty where the service does not tell."""
    proofs: tuple[Proof, ...]
    sweep: Callable[[Cloud], None] = nothing_left
    """Takes away what earlier runs left behind when they were cut off."""
    agents: Callable[[Cloud], Sequence[Agent]] = no_agents
