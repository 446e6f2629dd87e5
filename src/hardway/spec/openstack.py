"""The section `openstack` of the spec: which cloud, what is made there, and how it is reached. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from pydantic import Field

from hardway.spec.fields import Domain, HostKey, Model, ObjectName, UserName


class JumpHost(Model):
    """A machine through which the others are reached by SSH."""

    address: Domain
    """Its address or name, as this computer reaches it."""
    port: int = Field(default=22, ge=1, le=65535)
    """Its SSH port."""
    user: UserName
    """The user to log in as there."""
    host_key: HostKey
    """Its public SSH host key, pinned."""
    private_key: str
    """The file of the private key to log in there with; a leading ~ is the operator's home."""


class OpenStack(Model):
    """Machines that are servers of an OpenStack cloud (provider `openstack`)."""

    cloud: ObjectName | None = None
    """The cloud's name in clouds.yaml; by default what the environment says (OS_CLOUD, or OS_AUTH_URL and the like)."""
    region: ObjectName | None = None
    """The region, where the cloud has several."""
    servers: Literal["create", "existing"] = "create"
    """create makes the servers and all they need; existing finds them by name and makes nothing but the balancer, the
    names and the API's floating address."""
    image: ObjectName = "debian-13"
    """The image that servers are made of, by name or id."""
    flavor: ObjectName = "hardway.node"
    """Their flavor, by name or id; the article's has 2 vCPUs and 4 GB."""
    user: UserName = "debian"
    """The image's user, who may sudo without a password."""
    availability_zone: ObjectName | None = None
    """Where servers are placed; by default where the cloud likes."""
    anti_affinity: Literal["hard", "soft", "none"] = "soft"
    """Whether masters must (hard), or rather should (soft), be on different hosts."""
    external_network: ObjectName = "public"
    """The network that floating addresses are of."""
    floating_addresses: Literal["given", "any"] = "given"
    """given: those that the spec names; any: machines and API without one get one that the cloud picks."""
    network: ObjectName | None = None
    """The machines' network; by default one of the cluster's name. One that is there already is used and left."""
    subnet: ObjectName | None = None
    """Its subnet, likewise."""
    router: ObjectName | None = None
    """The router to the external network, likewise."""
    dns_servers: tuple[IPv4Address, ...] = ()
    """Name servers that the subnet tells its servers; by default what the cloud tells."""
    key_pair: ObjectName | None = None
    """An existing key pair to log in with, whose private half is `privateKey`; by default hardway makes one."""
    private_key: str | None = None
    """The file of the private key to log in with; a leading ~ is the operator's home. By default hardway's own."""
    ssh_from: tuple[IPv4Network, ...] = (IPv4Network("0.0.0.0/0"),)
    """From where SSH is let in."""
    api_from: tuple[IPv4Network, ...] = (IPv4Network("0.0.0.0/0"),)
    """From where the API is let in, beside the machines' own network."""
    node_ports_from: tuple[IPv4Network, ...] = ()
    """From where node ports (30000-32767) are let in; by default from nowhere."""
    jump_host: JumpHost | None = None
    """A machine through which the others are reached, where they have no floating addresses."""
    balancer_provider: ObjectName | None = None
    """The Octavia provider of the load balancer, such as amphora or ovn; by default the cloud's."""
    names: Literal["auto", "designate", "hosts"] = "auto"
    """designate: a zone of `domain` with all names; hosts: only /etc/hosts on the machines; auto: as the cloud can."""
    boot_within: int = Field(default=300, ge=10, le=3600)
    """Seconds from a server's creation until SSH must answer there."""
    balancer_within: int = Field(default=300, ge=10, le=3600)
    """Seconds that a load balancer may be pending."""
