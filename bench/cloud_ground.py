"""What the bench of the cloud makes in it: a network with a way out, servers with floating addresses, a balancer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import asyncssh

from bench.report import BenchFailed

WITHIN: Final = 300.0
"""Seconds."""


@dataclass(frozen=True)
class Server:
    fixed: str
    floating: str
    port: str
    """Its port's id."""


@dataclass
class Ground:
    """A private network behind a router, and what was put on it."""

    cloud: Any
    key: asyncssh.SSHKey
    keypair: str
    network: Any
    subnet: Any
    external: Any
    image: Any
    flavor: Any
    removals: list[Callable[[], Any]] = field(default_factory=list)

    def server(self, name: str) -> Server:
        """ACTIVE, with a floating address."""
        made = self.cloud.compute.create_server(
            name=name,
            image_id=self.image.id,
            flavor_id=self.flavor.id,
            key_name=self.keypair,
            networks=[{"uuid": self.network.id}],
        )
        self.removals.append(partial(self._remove_server, made))
        made = self.cloud.compute.wait_for_server(made, interval=0.1, wait=WITHIN)
        (port,) = self.cloud.network.ports(device_id=made.id)
        return Server(port.fixed_ips[0]["ip_address"], self._floating(port.id), port.id)

    def servers(self, names: Sequence[str]) -> list[Server]:
        """At once."""
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(self.server, names))

    def _remove_server(self, server: Any) -> None:
        self.cloud.compute.delete_server(server)
        self.cloud.compute.wait_for_delete(server, interval=0.2, wait=WITHIN)

    def _floating(self, port: str) -> str:
        made = self.cloud.network.create_ip(floating_network_id=self.external.id, port_id=port)
        self.removals.append(partial(self.cloud.network.delete_ip, made))
        return str(made.floating_ip_address)

    def balancer(self, member: str, port: int) -> str:
        """The floating address of one that leads there."""
        api = self.cloud.load_balancer
        made = api.create_load_balancer(name="bench", vip_subnet_id=self.subnet.id)
        self.removals.append(partial(self._remove_balancer, made))
        settle = partial(api.wait_for_load_balancer, made.id, interval=0.1, wait=WITHIN)
        vip_port = settle().vip_port_id
        listener = api.create_listener(load_balancer_id=made.id, protocol="TCP", protocol_port=port)
        settle()
        pool = api.create_pool(listener_id=listener.id, protocol="TCP", lb_algorithm="SOURCE_IP_PORT")
        settle()
        api.create_member(pool, address=member, protocol_port=port, subnet_id=self.subnet.id)
        settle()
        return self._floating(vip_port)

    def _remove_balancer(self, balancer: Any) -> None:
        api = self.cloud.load_balancer
        api.delete_load_balancer(balancer, cascade=True)
        deadline = time.monotonic() + WITHIN
        while any(one.id == balancer.id for one in api.load_balancers()):
            if time.monotonic() > deadline:
                raise BenchFailed("the load balancer is still there")
            time.sleep(0.2)

    def clear(self) -> None:
        """Everything, last made first gone."""
        for remove in reversed(self.removals):
            remove()


def ground(cloud: Any) -> Ground:
    """A network 10.9.0.0/24 inside the cloud, a router to the external one, SSH and the bench's port let in."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode().strip()
    keypair = cloud.compute.create_keypair(name="bench", public_key=public)
    network = cloud.network.create_network(name="bench")
    subnet = cloud.network.create_subnet(name="bench", network_id=network.id, ip_version=4, cidr="10.9.0.0/24")
    external = cloud.network.find_network("public", ignore_missing=False)
    router = cloud.network.create_router(name="bench", external_gateway_info={"network_id": external.id})
    cloud.network.add_interface_to_router(router, subnet.id)
    group = next(iter(cloud.network.security_groups(name="default", project_id=cloud.current_project_id)))
    cloud.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ether_type="IPv4", protocol="tcp"
    )
    return Ground(
        cloud=cloud,
        key=key,
        keypair=keypair.name,
        network=network,
        subnet=subnet,
        external=external,
        image=cloud.image.find_image("debian-13", ignore_missing=False),
        flavor=cloud.compute.find_flavor("hardway.node", ignore_missing=False),
    )
