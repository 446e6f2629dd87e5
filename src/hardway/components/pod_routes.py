"""Routes to pods from the masters, which run no kubelet, no kube-proxy and no flannel.

An API server calls admission webhooks and aggregated APIs in pods, and the pod network ends at the workers. So each
master sends each worker's pod range to that worker, which forwards it: a route a worker, put in place by a small unit.
The routes bear a number of their own (`proto`), so that stopping the unit takes away exactly them.

The article leaves this out: webhooks in pods do not work there.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.unit_file import Settings, service, unit_text
from hardway.resources.base import Chapter, Resource
from hardway.spec.addresses import pod_range
from hardway.spec.model import Cluster, Worker

UNIT: Final = "hardway-pod-routes.service"
IP: Final = "/sbin/ip"
PROTOCOL: Final = "72"
"""Whose routes these are: a number above 4 means nothing to the kernel (rtnetlink(7), rtm_protocol)."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The unit on each master; none where there is no worker to route to."""
    if not cluster.workers:
        return ()
    text = _unit(cluster)
    return tuple(
        resource for master in cluster.masters for resource in service(master.name, Chapter.POD_NETWORK, UNIT, text, ())
    )


def _routes(cluster: Cluster) -> Settings:
    return tuple(("ExecStart", _route(cluster, worker)) for worker in cluster.workers)


def _route(cluster: Cluster, worker: Worker) -> str:
    destination, gateway = str(pod_range(cluster, worker)), str(worker.address)
    return f"{IP} route replace {destination} via {gateway} proto {PROTOCOL}"


def _unit(cluster: Cluster) -> str:
    return unit_text(
        (
            ("Description", "Routes to the workers' pods"),
            ("Wants", "network-online.target"),
            ("After", "network-online.target systemd-networkd.service"),
            # Where systemd-networkd keeps the network, its restart drops routes it does not know.
            ("PartOf", "systemd-networkd.service"),
        ),
        (
            ("Type", "oneshot"),
            ("RemainAfterExit", "yes"),
            *_routes(cluster),
            ("ExecStop", f"{IP} route flush proto {PROTOCOL}"),
        ),
    )


POD_ROUTES: Final = Component("pod-routes", wanted)
