"""A healthcheck as probes: readiness, and a startup probe that asks often until it succeeds for the first time. Pure.

Docker restarts nothing that is unhealthy, so no probe here does.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from hardway.compose.converting.parts import Body
from hardway.compose.model import Healthcheck

FOREVER: Final = 1_000_000
"""Failures that a startup probe may have: a service that waits for another one must not be killed for it."""
OFTEN: Final = 2
"""Seconds between two tests until the first success, where `start_interval` does not say."""


def probes(check: Healthcheck | None) -> Body:
    """readinessProbe and startupProbe, or nothing."""
    if check is None:
        return {}
    test = {"exec": {"command": list(check.test)}, "timeoutSeconds": _whole(check.timeout)}
    often = _whole(check.start_interval or min(check.interval, OFTEN))
    return {
        "readinessProbe": {**test, "periodSeconds": _whole(check.interval), "failureThreshold": max(1, check.retries)},
        "startupProbe": {**test, "periodSeconds": often, "failureThreshold": FOREVER},
    }


def _whole(seconds: float) -> int:
    """Kubernetes takes whole seconds, one at least."""
    return max(1, min(ceil(seconds), 86_400))
