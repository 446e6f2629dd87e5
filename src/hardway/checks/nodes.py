"""Nodes: the workers, all of them and nobody else, ready and of the right version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hardway.checks.check import Finding, check, count, judged
from hardway.checks.scene import Scene
from hardway.kube.conditions import HOLDS, holds, why_not
from hardway.resources.base import Chapter
from hardway.spec.addresses import pod_range
from hardway.spec.model import Cluster, Worker


@check(
    "nodes",
    "the nodes are the workers, Ready, with the cluster's version, their own address and their own pod range",
    Chapter.WORKERS,
    after=("vip",),
)
async def nodes(scene: Scene) -> Finding:
    found = node_faults(scene.cluster, await scene.kube.list("v1", "Node"))
    number = count(len(scene.cluster.workers), "node")
    return judged(found, f"{number} Ready with v{scene.cluster.kubernetes.version}")


def node_faults(cluster: Cluster, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the nodes. Pure."""
    nodes = {node["metadata"]["name"]: node for node in found}
    strangers = sorted(set(nodes) - {worker.name for worker in cluster.workers})
    return [
        *(f"{worker.name}: it is no node" for worker in cluster.workers if worker.name not in nodes),
        *(f"{name}: it is a node and no worker of ours" for name in strangers),
        *(
            f"{worker.name}: {fault}"
            for worker in cluster.workers
            if worker.name in nodes
            for fault in _faults(cluster, worker, nodes[worker.name])
        ),
    ]


def _faults(cluster: Cluster, worker: Worker, node: Mapping[str, Any]) -> list[str]:
    status = node.get("status", {})
    ready = holds("Ready", node)
    version = status.get("nodeInfo", {}).get("kubeletVersion")
    addresses = [one["address"] for one in status.get("addresses") or () if one["type"] == "InternalIP"]
    seen = {
        "its version": (version, f"v{cluster.kubernetes.version}"),
        "its address": (", ".join(addresses), str(worker.address)),
        "its pod range": (node.get("spec", {}).get("podCIDR"), str(pod_range(cluster, worker))),
    }
    wrong = [f"{what} is {is_} and not {shall}" for what, (is_, shall) in seen.items() if is_ != shall]
    return [*([] if ready == HOLDS else [f"not Ready: {why_not(ready)}"]), *wrong]
