"""What a cloud's refusals say, in one line for a person. Pure."""

from __future__ import annotations

from typing import Final

from hardway.cloud.check.service import Wrong

LONGEST: Final = 300
"""Characters of an answer that are shown."""


def status_of(error: BaseException) -> int | None:
    """The HTTP status of openstacksdk's and keystoneauth's exceptions."""
    for attribute in ("status_code", "http_status"):
        status = getattr(error, attribute, None)
        if isinstance(status, int):
            return status
    return None


def is_gone(error: BaseException) -> bool:
    """Whether it says that there is no such object."""
    return status_of(error) == 404


def is_refused(error: BaseException) -> bool:
    """Whether it says that this user may not."""
    return status_of(error) in (401, 403)


def said(error: BaseException) -> str:
    """The server's own words where there are any, with the HTTP status."""
    if isinstance(error, Wrong):
        return _short(str(error))
    words = getattr(error, "details", None) or str(error) or type(error).__name__
    status = status_of(error)
    return _short(f"HTTP {status}: {words}" if status else f"{type(error).__name__}: {words}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
