"""Addresses and names that follow from the spec by arithmetic: pod ranges, the API's service address, host names."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hardway.spec.model import Cluster, Machine, Worker

POD_RANGE_PREFIX = 24
"""Length of each worker's pod range: a /24, so 254 pods and more than the kubelet's limit of 110."""

LOOPBACK = "127.0.0.1"


def pod_range(cluster: Cluster, worker: Worker) -> IPv4Network:
    """The worker's part of the pods' network: as given, else the /24 numbered by the worker's host number.

    The host number (10.0.0.20 is 20) stays when workers come and go, so a range never moves to another worker.
    Raises ValueError where the pods' network has no such /24.
    """
    if worker.pod_range is not None:
        return worker.pod_range
    number = int(worker.address) - int(cluster.networks.machines.network_address)
    base = int(cluster.networks.pods.network_address) + (number << (32 - POD_RANGE_PREFIX))
    wanted = IPv4Network((base, POD_RANGE_PREFIX))
    if not wanted.subnet_of(cluster.networks.pods):
        raise ValueError(f"{cluster.networks.pods} has no /{POD_RANGE_PREFIX} for host number {number}")
    return wanted


def api_service_address(cluster: Cluster) -> IPv4Address:
    """The API's address as a service inside the cluster: the first of the services' range."""
    return cluster.networks.services.network_address + 1


def full_name(cluster: Cluster, machine: Machine) -> str:
    """The machine's fully qualified name."""
    return f"{machine.name}.{cluster.domain}"


def api_name(cluster: Cluster) -> str:
    """The API's fully qualified name."""
    return f"{cluster.api.name}.{cluster.domain}"


def issuer(cluster: Cluster) -> str:
    """The issuer of service-account tokens; fixed for the cluster's life."""
    return f"https://kubernetes.default.svc.{cluster.cluster_domain}"


def registry_url(cluster: Cluster) -> str | None:
    """Where machines reach the registry of images; None where there is none."""
    if cluster.registry.kind == "external":
        return cluster.registry.url
    machine = cluster.registry_machine
    return None if machine is None else f"https://{full_name(cluster, machine)}:{cluster.registry.port}"


def registry_writes_port(cluster: Cluster) -> int:
    """The loopback port of the registry's machine where images are pushed."""
    return cluster.registry.port + 1
