"""Answers to requests that openstacksdk has no objects for."""

from __future__ import annotations

from typing import Any


def accepted(answer: Any) -> Any:
    """The answer itself. Raises openstacksdk's HttpException, with the server's words, where it is an error."""
    from openstack.exceptions import raise_from_response

    raise_from_response(answer)
    return answer


def asked(answer: Any) -> Any:
    """The answer's JSON, None where it has no body. Raises as `accepted` does."""
    accepted(answer)
    return answer.json() if answer.content else None
