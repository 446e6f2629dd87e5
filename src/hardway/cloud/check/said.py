"""What a cloud's refusals say, in one line for a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hardway.cloud.check.service import Wrong

WORDS: Final = ("detail", "message", "faultstring", "explanation")
"""The keys under which projects say what is wrong; where there are several, the first one says most."""

LONGEST: Final = 300
"""Characters of an answer that are shown."""


_POOL: Final = re.compile(r": \(?HTTPS?ConnectionPool\(")
"""From there on a failed connection is told once more, by the library beneath."""


def status_of(error: BaseException) -> int | None:
    """The HTTP status of openstacksdk's and keystoneauth's exceptions."""
    for attribute in ("status_code", "http_status"):
        status = getattr(error, attribute, None)
        if isinstance(status, int):
            return status
    return None


def is_gone(error: BaseException) -> bool:
    """Whether it says that there is no such object; openstacksdk says so of a deleted stack without a status."""
    from openstack.exceptions import NotFoundException

    return status_of(error) == 404 or isinstance(error, NotFoundException)


def is_refused(error: BaseException) -> bool:
    """Whether it says that this user may not."""
    return status_of(error) in (401, 403)


def said(error: BaseException) -> str:
    """The server's own words where there are any, with the HTTP status."""
    if isinstance(error, Wrong):
        return _short(str(error))
    words = _words_of(error) or getattr(error, "details", None) or _POOL.split(str(error))[0] or type(error).__name__
    status = status_of(error)
    return _short(f"HTTP {status}: {words}" if status else f"{type(error).__name__}: {words}")


def _words_of(error: BaseException) -> str:
    """The server's, from the answer's JSON: openstacksdk looks only where most projects put them."""
    try:
        return words_in(error.response.json())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return ""


def words_in(answer: Any) -> str:
    """The first sentence about a fault that a JSON value holds, however deep. Pure."""
    if isinstance(answer, Mapping):
        told = [answer[key] for key in WORDS if isinstance(answer.get(key), str) and answer[key]]
        return told[0] if told else words_in(list(answer.values()))
    if isinstance(answer, list):
        return next((words for one in answer if (words := words_in(one))), "")
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
