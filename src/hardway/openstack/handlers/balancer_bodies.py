"""A load balancer's parts as the API has them: where they are, what is sent of them, what is read of them. Pure.

The same requests go to Octavia and to LBaaS v2, whose API Octavia took over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hardway.openstack.cloud import Body
from hardway.openstack.resources.balancer import BalancerPart, HealthMonitor, Listener, LoadBalancer, Member, Pool
from hardway.plan.steps import Step

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    LoadBalancer.kind: ("/lbaas/loadbalancers", "loadbalancer"),
    Listener.kind: ("/lbaas/listeners", "listener"),
    Pool.kind: ("/lbaas/pools", "pool"),
    Member.kind: ("/lbaas/pools/{pool}/members", "member"),
    HealthMonitor.kind: ("/lbaas/healthmonitors", "healthmonitor"),
}
"""Path and key of each kind."""

_ABOVE: Final = {Listener.kind: "loadbalancer_id", Pool.kind: "listener_id", HealthMonitor.kind: "pool_id"}
"""By what a part is bound to what it belongs to; a member is by its path."""
_FIXED: Final = {Pool.kind: "protocol", HealthMonitor.kind: "type"}
"""The attribute that a part keeps for life, of those of which anything can be changed."""
_CHANGEABLE: Final = {
    Pool.kind: ("lb_algorithm",),
    HealthMonitor.kind: ("delay", "timeout", "max_retries", "url_path", "http_method", "expected_codes"),
}


def belongs_to(part: BalancerPart) -> tuple[str, str]:
    """Kind and label of the part that this one belongs to."""
    match part:
        case Listener():
            return LoadBalancer.kind, part.balancer
        case Pool():
            return Listener.kind, part.listener
        case Member() | HealthMonitor():
            return Pool.kind, part.pool
    raise ValueError(part.kind)


def body_of(part: BalancerPart, seen: Mapping[str, str], above: str, subnet: str) -> Body:
    """What is sent to make it: `seen` its attributes, `above` the id of what it belongs to."""
    bound = {_ABOVE[part.kind]: above} if part.kind in _ABOVE else {}
    named = {"name": part.label, **bound}
    match part:
        case Listener():
            return {**named, "protocol": "TCP", "protocol_port": part.port}
        case Pool():
            return {**named, "protocol": "TCP", "lb_algorithm": seen["algorithm"]}
        case Member():
            return {**named, "address": part.address, "protocol_port": part.port, "subnet_id": subnet}
        case HealthMonitor():
            times = {"delay": part.delay, "timeout": part.timeout, "max_retries": part.retries}
            http = {"url_path": part.path, "http_method": "GET", "expected_codes": "200"}
            return {**named, "type": seen["type"], **times, **(http if seen["type"] == "HTTPS" else {})}
    raise ValueError(part.kind)


def changes_of(step: Step, body: Body) -> Body | None:
    """What is sent to mend it; None where it must be made anew."""
    kind = step.resource.kind
    if kind not in _FIXED or step.changes(_FIXED[kind]):
        return None
    return {name: value for name, value in body.items() if name in _CHANGEABLE[kind]}


def seen_of(kind: str, found: Body) -> Mapping[str, str]:
    """The attributes of a part of a balancer."""
    match kind:
        case Listener.kind:
            return {"protocol": str(found["protocol"]), "port": str(found["protocol_port"])}
        case Pool.kind:
            return {"protocol": str(found["protocol"]), "algorithm": str(found["lb_algorithm"])}
        case Member.kind:
            return {"address": str(found["address"]), "port": str(found["protocol_port"])}
    path = str(found.get("url_path")) if found["type"] == "HTTPS" else "none"
    times = {"delay": found["delay"], "timeout": found["timeout"], "retries": found["max_retries"]}
    return {"type": str(found["type"]), "path": path, **{name: str(value) for name, value in times.items()}}


def unwanted(kind: str, label: str, balancer: str) -> BalancerPart:
    """A part of ours that no cluster wants any more: its name is all that its removal needs."""
    blank: Mapping[str, Any] = {
        LoadBalancer.kind: {"subnet": "", "vip": "", "groups": ()},
        Listener.kind: {"port": 0},
        Pool.kind: {"listener": ""},
        Member.kind: {"pool": "", "subnet": "", "address": "", "port": 0},
        HealthMonitor.kind: {"pool": "", "path": ""},
    }
    kinds = {one.kind: one for one in (LoadBalancer, Listener, Pool, Member, HealthMonitor)}
    return kinds[kind](label=label, balancer=balancer, **blank[kind])
