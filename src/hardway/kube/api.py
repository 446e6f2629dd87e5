"""What is said to and by the Kubernetes API: who asks, objects, events, answers, faults. Pure, and quick to import."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Body = dict[str, Any]
"""An API object, as JSON has it."""


class ApiUnavailable(Exception):
    """The API did not answer: no kubeconfig, no connection, no trust, no time."""


class ApiError(Exception):
    """The API answered with a fault."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        """The HTTP status code."""
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a raw request answered, whatever its status."""

    status: int
    text: str

    def json(self) -> Body:
        body: Body = json.loads(self.text)
        return body


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a watched object: ADDED, MODIFIED or DELETED."""

    type: str
    object: Body


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API and as whom; the defaults are what the kubeconfig says."""

    kubeconfig: Path
    server: str | None = None
    """Another URL, such as one master's own API server."""
    socket: Path | None = None
    """A unix socket that leads to it (Transport.forward); the certificate is verified against the URL's host."""
    token: str | None = field(default=None, repr=False)
    """A bearer token instead of the kubeconfig's user."""
    anonymous: bool = False
    """No credentials at all."""


def api_error(answer: Answer) -> ApiError:
    """The fault that an answer tells of: a Status object where it is one, else its text."""
    try:
        status = answer.json()
        return ApiError(answer.status, str(status.get("reason", "")), str(status.get("message", "")))
    except (ValueError, AttributeError):
        return ApiError(answer.status, "", answer.text.strip()[:300])
