"""Applies API objects, as fast as the API takes them: all at once, and again what it does not take yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.report import BenchFailed
from hardway.kube.api import Access, ApiError, ApiUnavailable
from hardway.kube.client import KubeClient
from hardway.kube.ownership import labelled

PAUSE: Final = 0.1
"""Seconds between two attempts."""

Body = Mapping[str, Any]


async def apply_all(kubeconfig: Path, bodies: Sequence[Body], within: float = 120.0) -> None:
    """Server-side apply, as `kubectl apply --server-side` does it. Raises BenchFailed after `within` seconds."""
    left, why = list(bodies), ""
    try:
        async with asyncio.timeout(within), KubeClient(Access(kubeconfig), 2.0) as client:
            while left:
                answers = await asyncio.gather(*(_apply(client, body) for body in left))
                why = next(filter(None, answers), "")
                left = [body for body, answer in zip(left, answers, strict=True) if answer]
                if left:
                    await asyncio.sleep(PAUSE)
    except TimeoutError:
        raise BenchFailed(f"{len(left)} objects were not taken within {within:.0f} s", why) from None


async def _apply(client: KubeClient, body: Body) -> str:
    """Empty once it is taken, else why not: the API is not there, or a namespace or a right is not yet."""
    try:
        await client.apply(labelled(body))
    except (ApiUnavailable, ApiError) as fault:
        return str(fault)
    return ""
