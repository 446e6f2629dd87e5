"""Load balancers by neutron-lbaas version 2, Octavia's forerunner, over Neutron's REST API: openstacksdk lacks it.

https://docs.openstack.org/api-ref/network/v2/#lbaas-2-0-stable
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hardway.cloud.check.ground import make_network
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Proved
from hardway.cloud.check.waiting import gone, settled

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud
    from hardway.cloud.check.made import Made

ACTIVE_WITHIN = 300.0
GONE_WITHIN = 120.0
"""Seconds."""
PORT = 6443
MEMBER = "198.18.77.200"


def there(cloud: Cloud) -> bool:
    return cloud.has("network") and "lbaasv2" in cloud.extensions


def balancer(cloud: Cloud, made: Made) -> Proved:
    """Each part is made once the balancer has come to rest from the one before, as the API asks."""
    ground = make_network(cloud, made, "balancer")
    subnet = {"vip_subnet_id": ground.subnet}
    found = _make(cloud, "loadbalancers", "loadbalancer", name=cloud.name("balancer"), **subnet)
    made.undo("load balancer", partial(_remove, cloud, found["id"]))

    active = partial(_active, cloud, found["id"])
    active()
    common = {"protocol": "TCP", "name": cloud.name("part")}
    listener = _make(cloud, "listeners", "listener", loadbalancer_id=found["id"], protocol_port=PORT, **common)
    active()
    pool = _make(cloud, "pools", "pool", listener_id=listener["id"], lb_algorithm="ROUND_ROBIN", **common)
    active()
    member = {"address": MEMBER, "protocol_port": PORT, "subnet_id": ground.subnet}
    _make(cloud, f"pools/{pool['id']}/members", "member", **member)
    vip = active()["vip_address"]
    return Proved(f"a load balancer by LBaaS v2 is ACTIVE at {vip}:{PORT} with a member")


def _make(cloud: Cloud, path: str, kind: str, **values: Any) -> dict[str, Any]:
    answer: dict[str, Any] = asked(cloud.api.network.post(f"/lbaas/{path}", json={kind: values}))[kind]
    return answer


def _get(cloud: Cloud, path: str, kind: str) -> Any:
    return asked(cloud.api.network.get(f"/lbaas/{path}"))[kind]


def _active(cloud: Cloud, balancer_id: str) -> Any:
    ask = partial(_get, cloud, f"loadbalancers/{balancer_id}", "loadbalancer")
    return settled(cloud, "the load balancer", ask, within=ACTIVE_WITHIN, state="provisioning_status")


def _remove(cloud: Cloud, balancer_id: str) -> None:
    """Pools, listeners, balancer: it has no cascade."""
    ask = partial(_get, cloud, f"loadbalancers/{balancer_id}", "loadbalancer")

    def rested() -> Any:
        ended = ("active", "error")
        return settled(
            cloud.unstoppable, "the load balancer", ask, within=ACTIVE_WITHIN, state="provisioning_status", wanted=ended
        )

    for kind in ("pools", "listeners"):
        for part in rested().get(kind, ()):
            _delete(cloud, f"{kind}/{part['id']}")
    rested()
    _delete(cloud, f"loadbalancers/{balancer_id}")
    gone("the load balancer", ask, GONE_WITHIN, state="provisioning_status")


def _delete(cloud: Cloud, path: str) -> None:
    asked(cloud.api.network.delete(f"/lbaas/{path}"))


def sweep(cloud: Cloud) -> None:
    for one in cloud.leftovers(_get(cloud, "loadbalancers", "loadbalancers")):
        _remove(cloud, one["id"])
