"""The ground that proofs stand on: a private network of their own, with a router and a security group where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hardway.cloud.check.waiting import gone

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud
    from hardway.cloud.check.made import Made

RANGE: Final = "198.18.77.0/24"
"""Of the addresses set aside for tests between networks (RFC 2544): nobody's, and never routed."""

FREED_WITHIN: Final = 60.0
"""Seconds until a network's last port has gone, once its server or load balancer has."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A network with one subnet, by their ids."""

    network: str
    subnet: str


def make_network(cloud: Cloud, made: Made, part: str) -> Ground:
    """A private network without a way out."""
    network = cloud.api.network.create_network(name=cloud.name(part))
    made.undo("network", partial(_remove_network, cloud, network))
    subnet = cloud.api.network.create_subnet(
        name=cloud.name(part), network_id=network.id, ip_version=4, cidr=RANGE, description=DESCRIPTION
    )
    return Ground(network.id, subnet.id)


DESCRIPTION: Final = "made by hardway cloud check; can be deleted"


def make_router(cloud: Cloud, made: Made, ground: Ground, part: str) -> Any:
    """A router with a foot in that network."""
    router = cloud.api.network.create_router(name=cloud.name(part), description=DESCRIPTION)
    made.undo("router", partial(remove_router, cloud, router))
    cloud.api.network.add_interface_to_router(router, ground.subnet)
    return router


def remove_router(cloud: Cloud, router: Any) -> None:
    """With its feet."""
    api = cloud.api.network
    for port in api.ports(device_id=router.id):
        if port.device_owner.startswith("network:") and port.device_owner.endswith("interface"):
            api.remove_interface_from_router(router, None, port.id)
    api.delete_router(router, ignore_missing=False)


def _remove_network(cloud: Cloud, network: Any) -> None:
    """With the ports that nobody owns, once those of others have gone; Neutron takes its own itself."""
    api = cloud.api.network
    for port in list(api.ports(network_id=network.id)):
        if not port.device_owner:
            api.delete_port(port)
        elif not port.device_owner.startswith("network:"):
            gone(f"port {port.id} ({port.device_owner})", partial(api.get_port, port.id), FREED_WITHIN)
    api.delete_network(network, ignore_missing=False)


def sweep(cloud: Cloud) -> None:
    """What earlier runs left, once all that stood on it has gone."""
    api = cloud.api.network
    for router in cloud.leftovers(api.routers()):
        remove_router(cloud, router)
    for network in cloud.leftovers(api.networks()):
        _remove_network(cloud, network)
    for group in cloud.leftovers(api.security_groups()):
        api.delete_security_group(group)
