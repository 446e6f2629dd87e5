"""The API: each server is ready, and so is what answers at the VIP."""

from __future__ import annotations

from hardway.checks.check import Finding, check, count, expect, judged, troubles
from hardway.checks.scene import Scene
from hardway.pki import names
from hardway.resources.base import Chapter


@check(
    "api-servers",
    "each master's own API server is ready, and shows a certificate for its address",
    Chapter.CONTROL_PLANE,
    after=("machines",),
)
async def api_servers(scene: Scene) -> Finding:
    masters = scene.cluster.masters
    found = await troubles({one.name: _ready(scene, one.name, str(one.address)) for one in masters})
    return judged(found, f"{count(len(masters), 'API server')} ready")


@check(
    "vip",
    "the API is ready through the VIP, from every worker and from the operator's computer",
    Chapter.BALANCER,
)
async def vip(scene: Scene) -> Finding:
    address = str(scene.cluster.api.address)
    targets = {one.name: _ready(scene, one.name, address) for one in scene.cluster.workers}
    found = await troubles({**targets, "operator": _ready_for_operator(scene)})
    return judged(found, f"{address} ready from {count(len(targets), 'worker')} and the operator")


async def _ready(scene: Scene, machine: str, host: str) -> None:
    """/readyz as the balancers ask it: from that machine, without credentials."""
    authority = scene.subject.value(names.certificate(names.KUBERNETES_CA))
    port = scene.cluster.api.port
    answer = await scene.get(machine, host, port, "/readyz", scheme="https", authority=authority)
    expect("/readyz", f"{answer.status} {answer.text.strip()}", "200 ok")


async def _ready_for_operator(scene: Scene) -> None:
    answer = await scene.kube.request("GET", "/readyz")
    expect("/readyz", f"{answer.status} {answer.text.strip()}", "200 ok")
