"""Service-account tokens: issued by the API, accepted by every API server, recognised by a review."""

from __future__ import annotations

import base64
import json
from typing import Any

from hardway.checks import workload
from hardway.checks.check import Finding, Wrong, check, count, expect, judged, troubles
from hardway.checks.scene import Scene
from hardway.kube.client import KubeClient
from hardway.resources.base import Chapter
from hardway.spec.addresses import issuer
from hardway.spec.model import Machine

AUTHENTICATION = "authentication.k8s.io/v1"


@check(
    "service-account-token",
    "a token that the API issues to a service account names the cluster's issuer, and every API server accepts it",
    Chapter.ACCESS,
    after=("vip", "api-servers"),
)
async def service_account_token(scene: Scene) -> Finding:
    space = await scene.namespace()
    await scene.kube.apply(workload.service_account(space))
    token = await _issued(scene.kube, space)
    expect("its issuer", claims(token).get("iss"), issuer(scene.cluster))
    user = f"system:serviceaccount:{space}:{workload.NAME}"
    targets = {one.name: _accepted(scene, one, token, user) for one in scene.cluster.masters}
    found = await troubles({**targets, "TokenReview": _reviewed(scene.kube, token, user)})
    return judged(found, f"{user} on {count(len(targets), 'API server')}")


async def _issued(kube: KubeClient, space: str) -> str:
    path = f"{await kube.path('v1', 'ServiceAccount', workload.NAME, space)}/token"
    request = {"apiVersion": AUTHENTICATION, "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    answer = await kube.request("POST", path, request)
    if answer.status != 201:
        raise Wrong(f"TokenRequest answers {answer.status}: {answer.text[:200]}")
    return str(answer.json()["status"]["token"])


def claims(token: str) -> dict[str, Any]:
    """What a JSON Web Token says (RFC 7519, 3); nothing of it is verified. Raises Wrong. Pure."""
    try:
        payload = token.split(".")[1]
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        raise Wrong("what the API issued is no JSON Web Token") from None
    return said


async def _accepted(scene: Scene, master: Machine, token: str, user: str) -> None:
    """Used as a credential; who one is, anybody may ask (system:basic-user)."""
    review = {"apiVersion": AUTHENTICATION, "kind": "SelfSubjectReview"}
    async with scene.api_of(master, token) as client:
        answer = await client.request("POST", f"/apis/{AUTHENTICATION}/selfsubjectreviews", review)
    if answer.status != 201:
        raise Wrong(f"the token is answered with {answer.status}")
    expect("the token's user", answer.json()["status"]["userInfo"]["username"], user)


async def _reviewed(kube: KubeClient, token: str, user: str) -> None:
    review = {"apiVersion": AUTHENTICATION, "kind": "TokenReview", "spec": {"token": token}}
    answer = await kube.request("POST", f"/apis/{AUTHENTICATION}/tokenreviews", review)
    status = answer.json().get("status", {})
    expect("authenticated", status.get("authenticated"), True)
    expect("the token's user", status["user"]["username"], user)
