"""How the local Fargate behaves in time, and the faults that it was told to show. Values and a clock passed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hardway.fargate.local.errors import ApiFault

RATES: Final[Mapping[str, tuple[float, float]]] = {
    "ecs:RunTask": (100, 40),
    "ecs:StopTask": (100, 40),
    "ecs:DescribeTasks": (100, 40),
    "ecs:ListTasks": (100, 40),
    "ecs:RegisterTaskDefinition": (20, 1),
    "ecs:DeregisterTaskDefinition": (20, 1),
    "ecs:DescribeTaskDefinition": (50, 20),
}
"""Bucket and refill a second, by call (Developer Guide, "Request throttling for the Amazon ECS API")."""


@dataclass
class Fault:
    """A call that is answered with a fault instead."""

    call: str
    """ecs:RunTask; `*` for each."""
    code: str
    message: str
    status: int = 400
    times: int = 1
    """How often; below 0 for always."""


@dataclass
class Behaviour:
    """Durations are seconds."""

    step: float = 0.5
    """How long a task stays in each of the states in which nothing has to be done."""
    lag: float = 0.3
    """How long a new task is missing from answers."""
    log_lag: float = 0.0
    """How much later CloudWatch has what a container wrote."""
    network: bool = True
    """Whether network interfaces are ever attached."""
    network_patience: float = 20.0
    """How long a task waits for one."""
    throttled: bool = True
    capacity: bool = True
    """Whether there is room for another task."""
    faults: list[Fault] = field(default_factory=list)
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often each call came."""

    def change(self, values: Mapping[str, Any]) -> None:
        """Raises ApiFault for what is no setting."""
        for key, value in values.items():
            if key == "faults":
                self.faults = [Fault(**one) for one in value]
            elif key in ("step", "lag", "log_lag", "network_patience", "network", "throttled", "capacity"):
                setattr(self, key, type(getattr(self, key))(value))
            else:
                raise ApiFault("ValidationException", f"there is no {key}")

    def admit(self, call: str, now: float) -> None:
        """Raises ApiFault where the call is to fail, or comes too often."""
        self.calls[call] += 1
        for fault in self.faults:
            if fault.call in (call, "*") and fault.times:
                fault.times -= 1
                raise ApiFault(fault.code, fault.message, fault.status)
        if not self.throttled or call not in RATES:
            return
        size, refill = RATES[call]
        level, at = self._buckets.get(call, (size, now))
        level = min(size, level + (now - at) * refill)
        if level < 1:
            raise ApiFault("ThrottlingException", "Rate exceeded")
        self._buckets[call] = (level - 1, now)
