"""Changes that an API is not able to take yet: tried again as its documentation asks, for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hardway.engine.handler import Context, StepFailed
from hardway.kube.api import ApiError, ApiUnavailable

T = TypeVar("T")

PAUSE: Final = 0.25
"""Seconds between two attempts at an API that is not there yet: nothing can be watched before it answers."""

NOT_YET: Final = frozenset({429, 503, 504})
"""Answers of an API that is not able yet, with the documentation that asks to try again: 429 (API Priority and
Fairness, Retry-After), 503 (ServiceUnavailable, "retrying the request after some time"), 504 (ServerTimeout)."""

NOT_YET_TEXTS: Final = ("etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: no leader")
"""Faults (500) of an etcd that is electing a leader."""


class Attempts:
    """One change, tried until the API is able to take it, for a limited time."""

    def __init__(self, step_id: str, context: Context, within: float, what: str = "the API did not take it") -> None:
        """`within` is in seconds; `what` is said where the time is not enough."""
        self._step_id = step_id
        self._context = context
        self._within = within
        self._what = what
        self._why = "nothing was answered"

    def waiting(self, why: str) -> None:
        """Tell what it waits for now."""
        self._why = why
        self._context.waiting(self._step_id, why)

    async def make(self, change: Callable[[], Awaitable[T]]) -> T:
        """Try until it is done. Raises StepFailed, with the last reason where the time is over."""
        try:
            async with asyncio.timeout(self._within) as limit:
                return await self._until_done(change)
        except TimeoutError:
            if not limit.expired():
                raise
            what = f"{self._what} within {self._within:.0f} s"
            raise StepFailed(self._step_id, what, self._why, _LOOK_AT_API) from None

    async def _until_done(self, change: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await change()
            except ApiUnavailable as error:
                self.waiting(f"the API does not answer: {error}")
            except ApiError as error:
                if not _not_yet(error):
                    raise StepFailed(self._step_id, f"the API refused it: {error}", advice=_advice(error)) from error
                self.waiting(str(error))
            await asyncio.sleep(PAUSE)


_LOOK_AT_API: Final = "look at kube-apiserver on the masters, then `hardway up` again: it goes on where this stopped"


def _not_yet(error: ApiError) -> bool:
    return error.status in NOT_YET or any(text in error.message for text in NOT_YET_TEXTS)


def _advice(error: ApiError) -> str:
    if error.status == 403:
        return "the kubeconfig's user may not do this: is group hardway:admins bound to cluster-admin?"
    if error.status == 422:
        return "a field that cannot be changed in place: delete the object with kubectl, then `hardway up` again"
    return "`hardway plan` shows the object"
