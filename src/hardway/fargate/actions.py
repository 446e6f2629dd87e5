"""What the reconciliation may ask for. Every one may be carried out again without harm. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from hardway.kube.api import Body


@dataclass(frozen=True, slots=True)
class Start:
    """Run the task that follows `after` (an ARN, "" for the first)."""

    uid: str
    pod: Body = field(repr=False)
    after: str
    restarts: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a task."""

    uid: str
    arn: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Write a pod's status."""

    uid: str
    pod: Body = field(repr=False)
    status: Body = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finish:
    """Delete a pod from the API for good: nothing of it runs any more."""

    uid: str
    pod: Body = field(repr=False)


@dataclass(frozen=True, slots=True)
class Clean:
    """Take away the task definition and the secrets of a pod."""

    uid: str


@dataclass(frozen=True, slots=True)
class Tell:
    """An Event about a pod."""

    uid: str
    pod: Body = field(repr=False)
    kind: str
    """Normal or Warning."""
    reason: str
    message: str


Action = Start | Stop | Report | Finish | Clean | Tell
