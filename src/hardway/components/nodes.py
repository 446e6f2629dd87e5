"""The workers as the API knows them: a Node object each, with its pod range, made before its kubelet registers.

A kubelet that finds its Node there takes it over: it adds its own labels, addresses and conditions and leaves the rest.
The range is ours to give, so it does not depend on which node came first, as it does in the article, where the
controller-manager hands ranges out (`--allocate-node-cidrs=true`). The role label is what `kubectl get nodes` shows;
a kubelet may not set that one itself (NodeRestriction).
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.layout import KUBELET_UNIT, unit_id
from hardway.components.manifest import Body, api_answers, kube_object, meta, object_id
from hardway.components.rbac import admins
from hardway.resources.base import Chapter, Resource
from hardway.resources.kubernetes import Condition
from hardway.spec.addresses import pod_range
from hardway.spec.model import Cluster, Worker


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A Node for each worker, and that it becomes Ready."""
    return tuple(resource for worker in cluster.workers for resource in _node(cluster, worker))


def _node(cluster: Cluster, worker: Worker) -> tuple[Resource, ...]:
    body = node(cluster, worker)
    ready = Condition(
        chapter=Chapter.WORKERS,
        api_version="v1",
        object_kind="Node",
        object_name=worker.name,
        condition="Ready",
        needs=(object_id(body), unit_id(worker.name, KUBELET_UNIT)),
    )
    return kube_object(Chapter.WORKERS, body, (*api_answers(cluster), object_id(admins()))), ready


def node(cluster: Cluster, worker: Worker) -> Body:
    """The fields of a Node that are ours."""
    pods = str(pod_range(cluster, worker))
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta(worker.name, labels={"node-role.kubernetes.io/worker": ""}),
        "spec": {"podCIDR": pods, "podCIDRs": [pods]},
    }


NODES: Final = Component("nodes", wanted)
