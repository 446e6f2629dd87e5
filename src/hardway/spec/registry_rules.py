"""Rules about the registry that images are pulled from. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hardway.spec.addresses import registry_writes_port
from hardway.spec.faults import Finding, nearest
from hardway.spec.kinds import Kinds
from hardway.spec.model import Cluster
from hardway.spec.network_rules import TAKEN_PORTS

NODE_PORTS: Final = range(30000, 32768)
_OF_NODES: Final = {10250: "kubelet", 10256: "kube-proxy", 9443: "haproxy's health", 8472: "flannel"}


def the_registry_has_what_its_kind_needs(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """`registry.url` is given for kind `external`, and for no other; `registry.machine` for kind `lab` alone."""
    registry = cluster.registry
    url, also = ("registry", "url"), (("registry", "kind"),)
    if registry.kind == "external" and registry.url is None:
        yield Finding(also[0], "a registry that is external has an address", "add registry.url", (url,))
    if registry.kind != "external" and registry.url is not None:
        yield Finding(url, f"not of kind {registry.kind}", "leave it out, or use kind external", also)
    if registry.kind != "lab" and registry.machine is not None:
        yield Finding(("registry", "machine"), f"not of kind {registry.kind}", "leave it out, or use kind lab", also)


def the_registry_is_on_a_machine(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """`registry.machine` is a machine of the spec; without it there is a balancer or a worker to take."""
    if cluster.registry.kind != "lab" or cluster.registry_machine is not None:
        return
    named = cluster.registry.machine
    here, also = ("registry", "machine"), (("registry", "kind"),)
    if named is None:
        yield Finding(here, "there is neither a balancer nor a worker to run it", "name a machine", also)
        return
    near = nearest(named, (machine.name for machine in cluster.all_machines))
    yield Finding(here, f"there is no machine {named}", f"did you mean {near}?" if near else "name a machine", also)


def the_registry_port_is_free(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """`registry.port` and the port after it are free on any machine, and not node ports (30000 to 32767)."""
    if cluster.registry.kind != "lab":
        return
    taken = {**TAKEN_PORTS, **_OF_NODES, cluster.api.port: "the API"}
    here = ("registry", "port")
    for port in (cluster.registry.port, registry_writes_port(cluster)):
        user = taken.get(port)
        if user or port in NODE_PORTS or port > 65535:
            strange = "a node port" if port in NODE_PORTS else "no port"
            what = f"{port} is the port of {user}" if user else f"{port} is {strange}"
            yield Finding(here, f"{what}; the registry takes its port and the next", "use 5000 or another free port")
            return


RULES: Final = (the_registry_has_what_its_kind_needs, the_registry_is_on_a_machine, the_registry_port_is_free)
