"""What masters ask of pods: an admission webhook and an aggregated API, through every master's own API server.

Masters run no kubelet and no kube-proxy: that they reach pods all the same is what these checks are about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from hardway.checks import workload
from hardway.checks.check import Finding, Wrong, check, count, judged, troubles, until_right
from hardway.checks.scene import Scene
from hardway.kube.api import ApiError
from hardway.kube.client import KubeClient
from hardway.resources.base import Chapter
from hardway.spec.model import Machine

HEARD_WITHIN: Final = 20.0
"""Seconds until every API server has heard of a webhook or an APIService, and found out that it is available."""

DENIED: Final = "denied by the probe webhook"


@check(
    "webhook",
    "an admission webhook in a pod is asked by every API server: it denies what it should and lets the rest pass",
    Chapter.CONTROL_PLANE,
    after=("pods", "api-servers"),
)
async def webhook(scene: Scene) -> Finding:
    made = await scene.workload()
    await scene.kube.apply(workload.webhook(scene.space, scene.token, made.tls))
    return await _through_all(scene, lambda kube: _judges(scene, kube), "asked")


@check(
    "aggregated-api",
    "an API of its own group, answered by a pod, is served by every API server",
    Chapter.CONTROL_PLANE,
    after=("pods", "api-servers"),
)
async def aggregated_api(scene: Scene) -> Finding:
    made = await scene.workload()
    await scene.kube.apply(workload.api_service(scene.space, scene.token, made.tls))
    return await _through_all(scene, lambda kube: _serves(scene, kube), f"{workload.GROUP}/{workload.VERSION} served")


Question = Callable[[KubeClient], Awaitable[None]]
"""Raises Wrong, ApiError or ApiUnavailable where the answer is not right."""


async def _through_all(scene: Scene, question: Question, what: str) -> Finding:
    """Ask every master's own API server at once; `what` says what each did."""
    masters = scene.cluster.masters
    found = await troubles({one.name: _through(scene, one, question) for one in masters})
    return judged(found, f"{what} by {count(len(masters), 'API server')}")


async def _through(scene: Scene, master: Machine, question: Question) -> None:
    """Ask one master's own API server until the answer is right."""
    async with scene.api_of(master) as kube:
        await until_right(lambda: question(kube), HEARD_WITHIN)


async def _judges(scene: Scene, kube: KubeClient) -> None:
    try:
        await kube.create(workload.config_map(scene.space, "bad", {workload.DENY: "yes"}), dry_run=True)
    except ApiError as error:
        if DENIED not in error.message:
            raise
    else:
        raise Wrong("what the webhook denies was let pass")
    await kube.create(workload.config_map(scene.space, "good"), dry_run=True)


async def _serves(scene: Scene, kube: KubeClient) -> None:
    names = frozenset(pod.name for pod in (await scene.workload()).pods.values())
    found = await kube.list(f"{workload.GROUP}/{workload.VERSION}", "Hostname")
    answered = [one["metadata"]["name"] for one in found]
    if not answered or not names.issuperset(answered):
        raise Wrong(f"it lists {answered}")
