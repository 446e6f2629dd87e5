"""Storage: what is written into a volume is there for the next pod. Only where the spec asks for storage."""

from __future__ import annotations

from contextlib import aclosing

from hardway.checks import workload
from hardway.checks.check import Finding, Wrong, check, expect
from hardway.checks.scene import Scene
from hardway.components.layout import reference
from hardway.kube.api import Body
from hardway.resources.base import Chapter

CLAIM = "volume"
NOTE = "/data/note"
ENDED = ("Succeeded", "Failed")


@check(
    "storage",
    "what a pod writes into a new volume is read by the next pod, which runs where the volume is",
    Chapter.STORAGE,
    after=("pods",),
    within=60.0,
    concerns=lambda cluster: cluster.storage.kind == "local" and bool(cluster.workers),
)
async def storage(scene: Scene) -> Finding:
    space = await scene.namespace()
    await scene.kube.create(workload.claim(space, CLAIM))
    writer = await _ended(scene, space, "writer", "put", NOTE, scene.token)
    await scene.kube.delete("v1", "Pod", "writer", space)
    reader = await _ended(scene, space, "reader", "get", NOTE)
    expect("what the second pod read", await _said(scene, space, "reader"), scene.token)
    node = writer["spec"]["nodeName"]
    expect("the worker of the second pod", reader["spec"]["nodeName"], node)
    return Finding(True, f"written and read on {node}, in a volume of class {await _class(scene, space)}")


async def _ended(scene: Scene, space: str, name: str, *arguments: str) -> Body:
    """A pod that did what it shall. Raises Wrong."""
    await scene.kube.create(workload.once(space, name, reference(scene.cluster, "image-probe"), CLAIM, *arguments))
    why = "it was not seen"
    async with aclosing(scene.kube.watch("v1", "Pod", space, fields=f"metadata.name={name}")) as events:
        async for event in events:
            why = event.object["status"].get("phase", why)
            if why in ENDED:
                expect(f"the end of pod {name}", why, "Succeeded")
                return event.object
    raise Wrong(f"pod {name}: {why}")


async def _said(scene: Scene, space: str, name: str) -> str:
    path = await scene.kube.path("v1", "Pod", name, space)
    return (await scene.kube.request("GET", f"{path}/log")).text.strip()


async def _class(scene: Scene, space: str) -> str:
    claim = await scene.kube.get("v1", "PersistentVolumeClaim", CLAIM, space)
    return str(claim["spec"].get("storageClassName")) if claim else "unknown"
