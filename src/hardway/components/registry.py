"""All components, and what they want together. A new component is a new file here and its name in COMPONENTS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hardway.components import access
from hardway.components.apiserver import API_SERVER
from hardway.components.component import Component
from hardway.components.containerd import CONTAINERD
from hardway.components.controller_manager import CONTROLLER_MANAGER
from hardway.components.coredns import COREDNS
from hardway.components.etcd import ETCD
from hardway.components.facts import Facts
from hardway.components.flannel import FLANNEL
from hardway.components.haproxy import HAPROXY
from hardway.components.image_registry import IMAGE_REGISTRY
from hardway.components.keepalived import KEEPALIVED
from hardway.components.kubelet import KUBELET
from hardway.components.mirrors import MIRRORS
from hardway.components.nodes import NODES
from hardway.components.operating_system import OPERATING_SYSTEM
from hardway.components.pod_routes import POD_ROUTES
from hardway.components.proxy import PROXY
from hardway.components.rbac import RBAC
from hardway.components.scheduler import SCHEDULER
from hardway.components.smoke_test import SMOKE_TEST
from hardway.components.storage import STORAGE
from hardway.resources.base import Content, Resource
from hardway.spec.model import Cluster

COMPONENTS: Final[tuple[Component, ...]] = (
    OPERATING_SYSTEM,
    ETCD,
    API_SERVER,
    CONTROLLER_MANAGER,
    SCHEDULER,
    RBAC,
    IMAGE_REGISTRY,
    MIRRORS,
    CONTAINERD,
    KUBELET,
    PROXY,
    NODES,
    POD_ROUTES,
    FLANNEL,
    COREDNS,
    STORAGE,
    SMOKE_TEST,
)

BALANCERS: Final[Mapping[str, tuple[Component, ...]]] = {
    "haproxy": (HAPROXY, KEEPALIVED),
    "octavia": (),
    "lbaasv2": (),
    "external": (),
}
"""Kinds of what holds the API's address, with what they lay on machines; octavia and lbaasv2 are the cloud's own, an
external one is somebody else's to make."""


def wanted(
    cluster: Cluster, facts: Mapping[str, Facts], api_url: Content, api_proxy: str | None = None
) -> tuple[Resource, ...]:
    """What all components want, each resource once. Raises KeyError for a machine without facts or an unknown balancer,
    ValueError where two components want different things in one place."""
    parts = (*COMPONENTS, *BALANCERS[cluster.balancer.kind])
    resources = (resource for part in parts for resource in part.wanted(cluster, facts))
    return _once((*access.wanted(cluster, api_url, api_proxy), *resources))


def _once(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The same bundle of authorities is wanted by several programs of a machine."""
    found: dict[str, Resource] = {}
    for resource in resources:
        if found.setdefault(resource.id, resource) != resource:
            raise ValueError(f"two components want different things as {resource.id}")
    return tuple(found.values())
