"""What a new cloud holds before anybody asks: the external network, a flavor, an image. Ends when all is there.

Found by name, so a second run changes nothing.
"""

from __future__ import annotations

from typing import Any

import openstack

from hardway.cloud.compute.image import TREE_PROPERTY, USER
from hardway.cloud.configuration.settings import EXTERNAL, OPERATOR_ADDRESS, PHYSICAL_NETWORK
from hardway.cloud.record import REGION, Record
from hardway.cloud.services.context import Context

NETWORK = "public"
FLAVOR, CPUS, MEGABYTES, GIGABYTES = "hardway.node", 2, 4096, 20
IMAGE = "debian-13"
POOL = {"start": str(EXTERNAL[2]), "end": str(EXTERNAL[200])}
"""What floating addresses and routers' own are taken from where nobody chooses."""


def seed(context: Context) -> None:
    cloud = _connect(context.record)
    context.channel.await_ready("keystone", "glance")
    _ensure_image(cloud, context.record.image)
    context.channel.await_ready("neutron")
    _ensure_network(cloud)
    context.channel.await_ready("nova")
    _ensure_flavor(cloud)


def _connect(record: Record) -> Any:
    return openstack.connection.Connection(
        auth={
            "auth_url": record.auth_url,
            "username": "admin",
            "password": record.passwords["admin"],
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        region_name=REGION,
    )


def _ensure_image(cloud: Any, tree: str) -> None:
    """The record of an image whose tree the compute driver makes itself; its data is a word for people."""
    if cloud.image.find_image(IMAGE) is not None:
        return
    cloud.image.create_image(
        name=IMAGE,
        disk_format="raw",
        container_format="bare",
        visibility="public",
        data=b"A tree that hardway makes and keeps in its cache.\n",
        properties={"os_distro": "debian", "os_version": "13", "os_admin_user": USER, TREE_PROPERTY: tree},
    )


def _ensure_flavor(cloud: Any) -> None:
    if cloud.compute.find_flavor(FLAVOR) is None:
        cloud.compute.create_flavor(name=FLAVOR, vcpus=CPUS, ram=MEGABYTES, disk=GIGABYTES)


def _ensure_network(cloud: Any) -> None:
    network = cloud.network.find_network(NETWORK) or cloud.network.create_network(
        name=NETWORK,
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network=PHYSICAL_NETWORK,
    )
    if cloud.network.find_subnet(NETWORK, network_id=network.id) is None:
        cloud.network.create_subnet(
            name=NETWORK,
            network_id=network.id,
            ip_version=4,
            cidr=str(EXTERNAL),
            gateway_ip=str(OPERATOR_ADDRESS),
            is_dhcp_enabled=False,
            allocation_pools=[POOL],
        )
