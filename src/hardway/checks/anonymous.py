"""Anonymous access: refused, but for the three paths by which balancers ask after an API server's health."""

from __future__ import annotations

from hardway.checks.certificates import KUBELET_PORT
from hardway.checks.check import Finding, check, count, expect, judged, troubles
from hardway.checks.scene import Scene
from hardway.pki import names
from hardway.resources.base import Chapter

OPEN = ("/livez", "/readyz", "/healthz")
CLOSED = ("/version", "/api", "/apis", "/openapi/v2", "/metrics")
KUBELET_CLOSED = ("/pods", "/metrics", "/configz", "/containerLogs/kube-system/x/y")


@check(
    "anonymous-api",
    "without credentials every API server answers its three health paths (200) and nothing else (401)",
    Chapter.ACCESS,
    after=("api-servers",),
)
async def anonymous_api(scene: Scene) -> Finding:
    wanted = {**dict.fromkeys(OPEN, 200), **dict.fromkeys(CLOSED, 401)}
    port, authority = scene.cluster.api.port, names.KUBERNETES_CA
    targets = {
        f"{one.name}{path}": _answers(scene, one.name, str(one.address), port, path, status, authority)
        for one in scene.cluster.masters
        for path, status in wanted.items()
    }
    found = await troubles(targets)
    return judged(
        found, f"{' '.join(OPEN)} 200, {' '.join(CLOSED)} 401 on {count(len(scene.cluster.masters), 'master')}"
    )


@check(
    "anonymous-kubelets",
    "without credentials no kubelet says or does anything (401)",
    Chapter.ACCESS,
    after=("machines",),
)
async def anonymous_kubelets(scene: Scene) -> Finding:
    targets = {
        f"{one.name}{path}": _answers(scene, one.name, str(one.address), KUBELET_PORT, path, 401, names.KUBELET_CA)
        for one in scene.cluster.workers
        for path in KUBELET_CLOSED
    }
    found = await troubles(targets)
    return judged(found, f"{' '.join(KUBELET_CLOSED)} 401 on {count(len(scene.cluster.workers), 'worker')}")


async def _answers(scene: Scene, machine: str, host: str, port: int, path: str, status: int, authority: str) -> None:
    pem = scene.subject.value(names.certificate(authority))
    answer = await scene.get(machine, host, port, path, scheme="https", authority=pem)
    expect("the answer", answer.status, status)
