"""What the reconciliation remembers between two looks: losing it costs nothing but time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Launch:
    """A start that was tried."""

    after: str
    arn: str = ""
    """The task that came of it; "" where none is known."""
    at: datetime | None = None
    """When it was tried last."""
    tries: int = 0
    """How often in vain."""
    reason: str = ""
    """Why in vain: a reason of a waiting container."""
    message: str = ""
    lasting: bool = False
    """Whether another try would be in vain too."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Frozen: each look makes another one."""

    known: Set[str] = frozenset()
    """Pods that were seen on the API."""
    launches: Mapping[str, Launch] = field(default_factory=dict)
    absent: Mapping[str, datetime] = field(default_factory=dict)
    """Since when, in an unbroken healthy watch, there is no pod for what exists at AWS."""
    missing: Mapping[str, datetime] = field(default_factory=dict)
    """Since when AWS tells of no task for a pod that has had one."""
    told: Set[str] = frozenset()
    """Events that were sent, so that each is sent once."""

    def trying(self, uid: str, after: str, now: datetime) -> Memory:
        before = self.launches.get(uid)
        tries = before.tries if before and before.after == after else 0
        kept = before.message if before and before.after == after else ""
        reason = before.reason if before and before.after == after else ""
        return self._with(uid, Launch(after, at=now, tries=tries, reason=reason, message=kept))

    def started(self, uid: str, after: str, arn: str, now: datetime) -> Memory:
        return self._with(uid, Launch(after, arn=arn, at=now))

    def refused(self, uid: str, after: str, reason: str, message: str, now: datetime, *, lasting: bool) -> Memory:
        before = self.launches.get(uid)
        tries = before.tries + 1 if before and before.after == after else 1
        return self._with(uid, Launch(after, "", now, tries, reason, message, lasting))

    def _with(self, uid: str, launch: Launch) -> Memory:
        return replace(self, launches={**self.launches, uid: launch})


def back_off(failures: int) -> timedelta:
    """10 s, twice as long each time, 5 minutes at most: the kubelet's own."""
    return timedelta(seconds=min(300, 10 * 2 ** max(0, min(failures, 10) - 1)))
