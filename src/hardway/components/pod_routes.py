"""Routes to pods from the masters, which run no kubelet, no kube-proxy and no flannel.

An API server calls admission webhooks and aggregated APIs in pods, and the pod network ends at the workers. So each
master sends each worker's pod range to that worker, which forwards it: a route a worker. The routes bear a number of
their own (`proto`), so that exactly they can be told from others.

Workers come and go while webhooks are called, so what lays the routes never takes one away that is still wanted: it
replaces each, then drops those of workers that have gone. Taking all of them away is the business of a second unit,
which no change of workers restarts: it does nothing until it is stopped for good.

The article leaves this out: webhooks in pods do not work there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.layout import HARDWAY
from hardway.components.unit_file import service, unit_text
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File
from hardway.spec.addresses import pod_range
from hardway.spec.model import Cluster

UNIT: Final = "hardway-pod-routes.service"
END_UNIT: Final = "hardway-pod-routes-end.service"
ROUTES: Final = f"{HARDWAY}/pod-routes"
PRUNE: Final = f"{HARDWAY}/prune-pod-routes"
IP: Final = "/sbin/ip"
PROTOCOL: Final = "72"
"""Whose routes these are: a number above 4 means nothing to the kernel (rtnetlink(7), rtm_protocol)."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The routes and the units on each master; none where there is no worker to route to."""
    if not cluster.workers:
        return ()
    return tuple(resource for master in cluster.masters for resource in _on(master.name, _routes(cluster)))


def _on(master: str, routes: str) -> Iterator[Resource]:
    chapter = Chapter.POD_NETWORK
    laid = File(chapter=chapter, machine=master, path=ROUTES, content=Content.of(routes))
    prune = File(chapter=chapter, machine=master, path=PRUNE, content=Content.of(_PRUNE), mode=0o755)
    yield from (laid, prune)
    yield from service(master, chapter, UNIT, _LAY, (laid, prune))
    yield from service(master, chapter, END_UNIT, _END, ())


def _routes(cluster: Cluster) -> str:
    """As `ip -batch` reads it (ip(8)): one process for any number of workers."""
    return "".join(
        f"route replace {pod_range(cluster, worker)} via {worker.address} proto {PROTOCOL}\n"
        for worker in cluster.workers
    )


_PRUNE: Final = f"""\
#!/bin/sh
# Takes away the routes to pods of workers that have gone.
{IP} -4 route show proto {PROTOCOL} | while read -r range _; do
    grep -qF "route replace $range via " {ROUTES} || {IP} route delete "$range" proto {PROTOCOL}
done
"""

_LAY: Final = unit_text(
    (
        ("Description", "Routes to the workers' pods"),
        ("Wants", "network-online.target"),
        ("After", f"network-online.target systemd-networkd.service {END_UNIT}"),
        # Where systemd-networkd keeps the network, its restart drops routes it does not know. A restart of the end unit
        # (a start that was cut off is done again) takes them all away: then they are laid anew.
        ("PartOf", f"systemd-networkd.service {END_UNIT}"),
    ),
    (
        ("Type", "oneshot"),
        ("RemainAfterExit", "yes"),
        ("ExecStart", f"{IP} -batch {ROUTES}"),
        ("ExecStart", PRUNE),
    ),
)

_END: Final = unit_text(
    (("Description", "Takes the routes to the workers' pods away when it is stopped"),),
    (
        ("Type", "oneshot"),
        ("RemainAfterExit", "yes"),
        ("ExecStart", "/bin/true"),
        ("ExecStop", f"{IP} route flush proto {PROTOCOL}"),
    ),
)

POD_ROUTES: Final = Component("pod-routes", wanted)
