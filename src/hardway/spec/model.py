"""The user's cluster as a value: what cluster.yaml says, with the article's defaults for all it leaves out.

Pure: no file is read here (see `load.py`) and no rule that spans several fields is checked here (see `rules.py`).
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Final, Literal

from pydantic import Field

from hardway.catalog.releases import DEFAULT_KUBERNETES
from hardway.spec.fields import (
    INTERFACE_PATTERN,
    SUITE_PATTERN,
    URL_PATTERN,
    Domain,
    FlagName,
    FlagValue,
    HostKey,
    Label,
    Model,
)
from hardway.spec.openstack import OpenStack


class Machine(Model):
    """A machine of the cluster."""

    name: Label
    """Its host name, and for a worker its name as a node."""
    address: IPv4Address
    """Its fixed address in the machines' network."""
    floating_address: IPv4Address | None = None
    """Its address from outside (provider `openstack`): the operator reaches it there, and its name points to it."""
    host_key: HostKey | None = None
    """Its public SSH host key, pinned (provider `openstack` with `servers: existing`); else read from its console."""


class Worker(Machine):
    """A machine that runs pods."""

    pod_range: IPv4Network | None = None
    """The worker's part of the pods' network; by default the /24 numbered by the worker's host number."""


def _machines(kind: type[Machine], role: str, count: int, first: int) -> tuple[Machine, ...]:
    return tuple(kind(name=f"hardway-{role}-{n}", address=IPv4Address(f"10.0.0.{first + n}")) for n in range(count))


def _masters() -> tuple[Machine, ...]:
    return _machines(Machine, "master", 3, 10)


def _workers() -> tuple[Worker, ...]:
    return tuple(w for w in _machines(Worker, "worker", 3, 20) if isinstance(w, Worker))


BALANCERS: Final = _machines(Machine, "lb", 2, 30)
"""The balancers that a cluster of kind `haproxy` has where the spec names none."""


class Machines(Model):
    """The machines, and who provides them."""

    provider: str = "lab"
    """Where the machines come from: lab (systemd-nspawn on this computer) or openstack (servers of a cloud)."""
    masters: tuple[Machine, ...] = Field(default_factory=_masters, min_length=1)
    """They run etcd, the API servers, controller-managers and schedulers: 1, 3, 5 or 7."""
    workers: tuple[Worker, ...] = Field(default_factory=_workers)
    """They run pods."""
    balancers: tuple[Machine, ...] | None = None
    """They hold the API's address (balancer kind `haproxy`, by default hardway-lb-0 and -1); none for other kinds."""


class Kubernetes(Model):
    """Which Kubernetes."""

    version: str = DEFAULT_KUBERNETES
    """The release, without a leading v."""


class Networks(Model):
    """The address ranges."""

    machines: IPv4Network = IPv4Network("10.0.0.0/24")
    """The machines' own network."""
    pods: IPv4Network = IPv4Network("10.244.0.0/16")
    """All pods; each worker has a /24 of it. The article's 172.17.0.0/16 is Docker's default bridge."""
    services: IPv4Network = IPv4Network("10.32.0.0/24")
    """Service addresses; the first is the API's."""
    dns: IPv4Address = IPv4Address("10.32.0.10")
    """The cluster DNS's service address."""


class Api(Model):
    """Where the Kubernetes API answers."""

    address: IPv4Address = IPv4Address("10.0.0.100")
    """The virtual address (VIP), held by the balancer."""
    port: int = Field(default=6443, ge=1, le=65535)
    """The port of the VIP and of every API server."""
    name: Label = "kubernetes-the-hard-way"
    """The API's host name in the machines' domain; also the context's name in the operator's kubeconfig."""
    floating_address: IPv4Address | None = None
    """An address from outside that leads to the VIP, where there is one."""
    extra_names: tuple[Domain, ...] = ()
    """More DNS names for the API servers' certificate."""


HAPROXY: Final = "haproxy"
"""The kind of balancer that needs machines of its own."""
OPENSTACK: Final = "openstack"
"""The provider whose machines are servers of a cloud."""
OCTAVIA: Final = "octavia"
LBAASV2: Final = "lbaasv2"
CLOUD_BALANCERS: Final = frozenset({OCTAVIA, LBAASV2})
"""The kinds of balancer that an OpenStack cloud makes."""


class Balancer(Model):
    """What answers at the API's address."""

    kind: str = HAPROXY
    """haproxy (with keepalived, on machines of ours), octavia or lbaasv2 (an OpenStack cloud's), or external (the
    address is somebody else's to hold)."""
    interface: Annotated[str, Field(pattern=INTERFACE_PATTERN)] | None = None
    """The network interface that carries the VIP; by default the one with the machine's own address."""


class KeyAlgorithm(StrEnum):
    """Key algorithms for all certificates."""

    ECDSA_P256 = "ecdsa-p256"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"


class Certificates(Model):
    """How certificates are made."""

    algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256
    """Keys of the authorities and of every certificate."""
    authority_days: int = Field(default=3650, ge=1, le=36500)
    """Life of the authorities' certificates, in days."""
    leaf_days: int = Field(default=365, ge=1, le=3650)
    """Life of all other certificates, in days; made anew with less than a third left."""


class Encryption(Model):
    """Encryption of secrets at rest in etcd."""

    provider: Literal["secretbox", "aescbc", "aesgcm"] = "secretbox"
    """The cipher; the article's aescbc has no integrity, aesgcm wants its key changed every 200,000 writes."""


class PodNetwork(Model):
    """How pods reach pods on other workers (flannel)."""

    backend: Literal["vxlan", "host-gw"] = "vxlan"
    """vxlan works over any network; host-gw is faster and needs all workers in one layer-2 network."""


class Proxy(Model):
    """How services are carried out (kube-proxy)."""

    mode: Literal["iptables", "nftables"] = "iptables"
    """nftables is faster with thousands of services and wants kernel 5.13 or newer."""


class Sources(Model):
    """Where programs and images come from."""

    kind: str = "auto"
    """auto (the first to answer), upstream (release sites), go (built from Go modules), cache (nothing is fetched)."""
    mirror: Annotated[str, Field(pattern=URL_PATTERN)] | None = None
    """A URL under which the upstream sites are mirrored, each in a folder of its host's name."""


class Lab(Model):
    """Machines made on this computer (provider `lab`)."""

    suite: Annotated[str, Field(pattern=SUITE_PATTERN)] = "trixie"
    """The Debian (or Ubuntu) release that the machines run."""
    mirror: Annotated[str, Field(pattern=URL_PATTERN)] | None = None
    """Where its packages come from; by default what this computer's apt uses."""
    api_port: int = Field(default=0, ge=0, le=65535)
    """The loopback port that leads to the API; 0 takes a free one."""


class Flags(Model):
    """More flags for a component, by flag name without the leading dashes; they override hardway's own."""

    etcd: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for etcd."""
    kube_apiserver: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for kube-apiserver."""
    kube_controller_manager: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for kube-controller-manager."""
    kube_scheduler: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for kube-scheduler."""
    kubelet: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for kubelet."""
    kube_proxy: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """More flags for kube-proxy."""


class Cluster(Model):
    """A Kubernetes cluster, built the hard way."""

    api_version: Literal["hardway/v1"] = "hardway/v1"
    """The spec's own version."""
    kind: Literal["Cluster"] = "Cluster"
    """What the file describes."""
    name: Label
    """The cluster's name: names its state directory and, with provider `lab`, its lab."""
    kubernetes: Kubernetes = Kubernetes()
    """Which Kubernetes."""
    machines: Machines = Field(default_factory=Machines)
    """The machines, and who provides them."""
    domain: Domain = "hardway.internal"
    """The machines' DNS domain."""
    cluster_domain: Domain = "cluster.local"
    """The DNS domain of services and pods."""
    networks: Networks = Networks()
    """The address ranges."""
    api: Api = Api()
    """Where the Kubernetes API answers."""
    balancer: Balancer = Balancer()
    """What answers at the API's address."""
    certificates: Certificates = Certificates()
    """How certificates are made."""
    encryption: Encryption = Encryption()
    """Encryption of secrets at rest in etcd."""
    pod_network: PodNetwork = PodNetwork()
    """How pods reach pods on other workers."""
    proxy: Proxy = Proxy()
    """How services are carried out."""
    sources: Sources = Sources()
    """Where programs and images come from."""
    flags: Flags = Field(default_factory=Flags)
    """More flags for the cluster's programs."""
    lab: Lab = Lab()
    """Machines made on this computer."""
    openstack: OpenStack = OpenStack()
    """Servers of an OpenStack cloud."""

    @property
    def masters(self) -> tuple[Machine, ...]:
        return self.machines.masters

    @property
    def workers(self) -> tuple[Worker, ...]:
        return self.machines.workers

    @property
    def balancers(self) -> tuple[Machine, ...]:
        """As given, else the article's two where the kind of balancer needs machines of ours."""
        if self.machines.balancers is not None:
            return self.machines.balancers
        return BALANCERS if self.balancer.kind == HAPROXY else ()

    @property
    def all_machines(self) -> tuple[Machine, ...]:
        return (*self.masters, *self.workers, *self.balancers)
