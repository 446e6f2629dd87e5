"""Waits for objects of a cloud to come to rest. OpenStack's APIs tell nobody when one has, so they are asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from hardway.cloud.check.said import is_gone
from hardway.cloud.check.service import Wrong

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 3.0
"""Seconds: a cloud that is quick is asked often, one that takes minutes is not pestered."""

Ask = Callable[[], Any]


def settled(
    cloud: Cloud,
    what: str,
    ask: Ask,
    *,
    within: float,
    state: str = "status",
    wanted: Collection[str] = ("active",),
    failed: Collection[str] = ("error",),
) -> Any:
    """The object once its state is wanted. States are compared without their case; a prefix `error_` is a failure too.

    `within` is in seconds. Raises Wrong for a failed state and when time is up, Stopped when the run is interrupted.
    """
    deadline = time.monotonic() + within
    pause = FIRST_PAUSE
    while True:
        seen = ask()
        now = str(_field(seen, state)).lower()
        if now in wanted:
            return seen
        if now in failed or now.startswith("error_") or now.endswith("_failed"):
            raise Wrong(f"{what} is {now.upper()}{_reason(seen)}")
        if time.monotonic() > deadline:
            raise Wrong(f"{what} is still {now.upper()} after {within:.0f} s")
        cloud.pause(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def gone(what: str, ask: Ask, within: float, state: str = "status") -> None:
    """Returns once asking for it answers 404, or once it says itself that it is deleted; not to be interrupted.

    `within` is in seconds. Raises Wrong when time is up.
    """
    deadline = time.monotonic() + within
    pause = FIRST_PAUSE
    while True:
        try:
            now = str(_field(ask(), state)).lower()
        except Exception as error:
            if is_gone(error):
                return
            raise
        if now.endswith(("deleted", "delete_complete")):
            return
        if now in ("error_deleting", "delete_failed"):
            raise Wrong(f"{what} is {now.upper()}")
        if time.monotonic() > deadline:
            raise Wrong(f"{what} is still there after {within:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _field(seen: Any, name: str) -> Any:
    return seen.get(name) if isinstance(seen, dict) else getattr(seen, name)


def _reason(seen: Any) -> str:
    """What the object says of its own failure: each project has another field for it."""
    for name in ("fault", "status_reason", "status_reasons", "faults", "error_description"):
        told = seen.get(name) if isinstance(seen, dict) else getattr(seen, name, None)
        if told:
            return f": {told.get('message', told) if isinstance(told, dict) else told}"
    return ""
