"""Load balancers by Octavia: the proof of one, and whether it bears the loss of a computer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hardway.cloud.check.ground import make_network
from hardway.cloud.check.report import Finding, Standing
from hardway.cloud.check.said import is_refused
from hardway.cloud.check.service import Proved
from hardway.cloud.check.waiting import gone, settled

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud
    from hardway.cloud.check.made import Made

ACTIVE_WITHIN = 600.0
"""Seconds: an amphora is a server that must boot."""
GONE_WITHIN = 120.0

PORT = 6443
MEMBER = "198.18.77.200"
ABOUT = "load balancers bear the loss of a computer"


def there(cloud: Cloud) -> bool:
    return cloud.has("load-balancer")


def balancer(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.load_balancer
    ground = make_network(cloud, made, "balancer")
    found = api.create_load_balancer(name=cloud.name("balancer"), vip_subnet_id=ground.subnet)
    made.undo("load balancer", partial(_remove, cloud, found.id))

    def active() -> Any:
        ask = partial(api.get_load_balancer, found.id)
        return settled(cloud, "the load balancer", ask, within=ACTIVE_WITHIN, state="provisioning_status")

    provider = active().provider
    listener = api.create_listener(load_balancer_id=found.id, protocol="TCP", protocol_port=PORT)
    active()
    pool = api.create_pool(listener_id=listener.id, protocol="TCP", lb_algorithm=_algorithm(provider))
    active()
    api.create_member(pool, address=MEMBER, protocol_port=PORT, subnet_id=ground.subnet)
    vip = active().vip_address
    topology = topology_of(provider, _amphorae(cloud, found.id))
    return Proved(f"a load balancer by {provider} is ACTIVE at {vip}:{PORT} with a member", (topology,))


def _algorithm(provider: str) -> str:
    """OVN's provider knows one alone (ovn-octavia-provider's manual, "limitations")."""
    return "SOURCE_IP_PORT" if provider == "ovn" else "ROUND_ROBIN"


def _remove(cloud: Cloud, balancer_id: str) -> None:
    """Octavia answers 409 while a change is under way: it is waited out first."""
    api = cloud.api.load_balancer
    ask = partial(api.get_load_balancer, balancer_id)
    ended = ("active", "error", "deleted")
    settled(
        cloud.unstoppable, "the load balancer", ask, within=ACTIVE_WITHIN, state="provisioning_status", wanted=ended
    )
    api.delete_load_balancer(balancer_id, ignore_missing=False, cascade=True)
    gone("the load balancer", ask, GONE_WITHIN, state="provisioning_status")


def sweep(cloud: Cloud) -> None:
    for one in cloud.leftovers(cloud.api.load_balancer.load_balancers()):
        _remove(cloud, one.id)


# topology


def _amphorae(cloud: Cloud, balancer_id: str | None = None) -> Sequence[Any] | None:
    """None where this user may not see them."""
    query = {"loadbalancer_id": balancer_id} if balancer_id else {}
    try:
        return list(cloud.api.load_balancer.amphorae(**query))
    except Exception as error:
        if is_refused(error):
            return None
        raise


def topology(cloud: Cloud) -> Finding:
    """As far as the load balancers that are there tell."""
    providers = sorted({one.provider for one in cloud.api.load_balancer.load_balancers()})
    if not providers:
        return Finding(ABOUT, Standing.NOT_KNOWN, "there is no load balancer to look at")
    findings = [topology_of(provider, _amphorae(cloud)) for provider in providers]
    worst = (Standing.AMISS, Standing.NOT_KNOWN, Standing.FINE)
    return min(findings, key=lambda one: worst.index(one.standing))


def topology_of(provider: str, amphorae: Iterable[Any] | None) -> Finding:
    """By the provider, and by the roles of its amphorae (STANDALONE, MASTER, BACKUP) where it has any. Pure."""
    if provider == "ovn":
        told = "provider ovn: flows on every chassis, no process to lose; the way in is the router's gateway chassis"
        return Finding(ABOUT, Standing.FINE, told)
    if provider not in ("amphora", "amphorav2", "octavia"):
        return Finding(ABOUT, Standing.NOT_KNOWN, f"provider {provider} does not tell")
    if amphorae is None:
        return Finding(ABOUT, Standing.NOT_KNOWN, f"provider {provider}: only an administrator sees the amphorae")
    alone = {one.loadbalancer_id for one in amphorae if one.role == "STANDALONE"}
    if not alone:
        return Finding(ABOUT, Standing.FINE, f"provider {provider}: amphorae in pairs")
    balancers = "1 load balancer stands" if len(alone) == 1 else f"{len(alone)} load balancers stand"
    return Finding(
        ABOUT,
        Standing.AMISS,
        f"provider {provider}: {balancers} on a single amphora (topology SINGLE)",
        "loadbalancer_topology = ACTIVE_STANDBY in octavia.conf, or a flavor with it.",
    )
