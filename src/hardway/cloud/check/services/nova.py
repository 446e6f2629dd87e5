"""Nova: servers. Proved with one of the smallest flavor, on a network of its own, from the smallest image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.ground import make_network
from hardway.cloud.check.made import Made
from hardway.cloud.check.names import run_of
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Untried, Wrong
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import gone, settled

ACTIVE_WITHIN = 300.0
GONE_WITHIN = 120.0
"""Seconds."""

GIB = 1 << 30


def _server(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.compute
    image, flavor = smallest(cloud.api.image.images(status="active"), api.flavors())
    key = api.create_keypair(name=cloud.name("key"))
    made.undo("key pair", partial(api.delete_keypair, key, ignore_missing=False))
    ground = make_network(cloud, made, "server")
    server = api.create_server(
        name=cloud.name("server"),
        image_id=image.id,
        flavor_id=flavor.id,
        key_name=key.name,
        networks=[{"uuid": ground.network}],
    )
    made.undo("server", partial(_remove, cloud, server))
    server = settled(cloud, "the server", partial(api.get_server, server.id), within=ACTIVE_WITHIN)
    addresses = [one["addr"] for of_network in server.addresses.values() for one in of_network]
    if not addresses:
        raise Wrong("the server is ACTIVE and has no address")
    return Proved(f"a server of {flavor.name} from {image.name} is ACTIVE at {', '.join(addresses)}")


def _remove(cloud: Cloud, server: Any) -> None:
    api = cloud.api.compute
    api.delete_server(server, ignore_missing=False)
    gone("the server", partial(api.get_server, server.id), GONE_WITHIN)


def smallest(images: Iterable[Any], flavors: Iterable[Any]) -> tuple[Any, Any]:
    """The smallest image that can be started, with the smallest flavor that bears it. Raises Untried. Pure."""
    fitting = sorted(flavors, key=lambda flavor: (flavor.ram, flavor.vcpus, flavor.disk))
    for image in sorted(filter(_starts, images), key=lambda image: image.size or 0):
        flavor = next((one for one in fitting if _bears(one, image)), None)
        if flavor is not None:
            return image, flavor
    raise Untried("there is no image with a flavor that bears it")


def _starts(image: Any) -> bool:
    """Neither a kernel, nor somebody's snapshot, nor the few bytes of Glance's proof."""
    if image.disk_format in ("aki", "ari") or run_of(image.name or ""):
        return False
    return bool((image.properties or {}).get("image_type") != "snapshot")


def _bears(flavor: Any, image: Any) -> bool:
    disk = max(image.min_disk or 0, -(-(image.size or 0) // GIB))
    return bool(flavor.ram >= (image.min_ram or 0) and flavor.disk >= disk)


def _sweep(cloud: Cloud) -> None:
    for server in cloud.leftovers(cloud.api.compute.servers(details=False)):
        _remove(cloud, server)
    for key in cloud.leftovers(cloud.api.compute.keypairs()):
        cloud.api.compute.delete_keypair(key)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    return [Agent(one.binary, one.host, one.state == "up") for one in cloud.api.compute.services()]


NOVA = Service(
    name="Nova",
    counterpart="EC2",
    type="compute",
    there=lambda cloud: cloud.has("compute"),
    version=told_by("compute"),
    proofs=(Proof("server", "a server is made on a private network, and is ACTIVE with an address", _server),),
    sweep=_sweep,
    agents=_agents,
)
