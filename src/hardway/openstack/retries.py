"""Which refusals are tried again, for how long, and whose documentation asks for it. Pure; nothing else is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Retry:
    """How a refusal is tried again."""

    after: float
    """Seconds until the next attempt."""
    within: float
    """Seconds from the first attempt until it is given up."""
    why: str
    """Where it is written."""


RETRIES: Final[Mapping[tuple[str, int], Retry]] = {
    ("", 429): Retry(1.0, 60.0, "RFC 6585, 4: Too Many Requests, after what Retry-After says"),
    ("", 503): Retry(1.0, 60.0, "RFC 9110, 15.6.4: Service Unavailable, only with Retry-After"),
    ("load-balancer", 409): Retry(
        1.0, 120.0, "Octavia API v2, Provisioning Status Codes: immutable while PENDING_*, retry once it is ACTIVE"
    ),
}
"""By service ("" for all) and status."""

LONGEST_PAUSE: Final = 30.0


def retry_for(service: str, method: str, status: int, headers: Mapping[str, str]) -> Retry | None:
    """How to try again, None for not at all."""
    retry = RETRIES.get((service, status)) or RETRIES.get(("", status))
    asked = headers.get("Retry-After", "")
    if retry is None or (status == 503 and not asked):
        return None
    pause = min(float(asked), LONGEST_PAUSE) if asked.isdigit() else retry.after
    return Retry(max(pause, retry.after), retry.within, retry.why)
