"""Opens a client to an API that is there, ready, and knows us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hardway.kube.api import Access, Answer, ApiUnavailable

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

ANSWERS_WITHIN: Final = 1.5
"""Seconds that an API has to answer the first request of an observation; one that does not is not there yet."""


@asynccontextmanager
async def open_client(kubeconfig: Path | None) -> AsyncIterator[KubeClient]:
    """Raises ApiUnavailable where nobody answers who is ready and accepts the kubeconfig's credentials."""
    if kubeconfig is None:
        raise ApiUnavailable("there is no kubeconfig yet")
    from hardway.kube.client import KubeClient  # lightkube takes a while to import

    access = Access(kubeconfig)
    async with KubeClient(access, ANSWERS_WITHIN) as greeter:
        await _greet(greeter)
    async with KubeClient(access) as client:
        yield client


async def _greet(client: KubeClient) -> None:
    """Raises ApiUnavailable where the API is not ready, or does not know us (yet: another cluster's, or none)."""
    ready, review = await asyncio.gather(client.request("GET", "/readyz"), _review(client))
    if ready.status != 200:
        raise ApiUnavailable(f"/readyz answers {ready.status}")
    if review.status == 401:
        raise ApiUnavailable("it answers 401: it does not accept the kubeconfig's credentials")


async def may_do_everything(client: KubeClient) -> bool:
    answer = await _review(client)
    return answer.status == 201 and bool(answer.json().get("status", {}).get("allowed"))


async def _review(client: KubeClient) -> Answer:
    """May we do everything? Every authenticated user may ask (system:basic-user)."""
    everything = {"verb": "*", "group": "*", "resource": "*"}
    review = {"apiVersion": _REVIEW, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": everything}}
    return await client.request("POST", f"/apis/{_REVIEW}/selfsubjectaccessreviews", review)


_REVIEW: Final = "authorization.k8s.io/v1"
