"""Whether the APIs are reached by TLS, and by an address that outlives a computer."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from hardway.cloud.check.catalog import Endpoint
from hardway.cloud.check.report import Finding, Standing

TLS: Final = "endpoints with TLS"
REDUNDANCY: Final = "API endpoints outlive a computer"

Addresses = Mapping[str, frozenset[str]]
"""What each host name stands for, as this computer resolves it."""


def without_tls(endpoints: Iterable[Endpoint]) -> Finding:
    """Pure."""
    plain = sorted({(one.interface, one.type) for one in endpoints if urlsplit(one.url).scheme == "http"})
    if not plain:
        return Finding(TLS, Standing.FINE, "all of them")
    by_interface = {one: [kind for interface, kind in plain if interface == one] for one, _ in plain}
    told = "; ".join(f"{interface}: {', '.join(kinds)}" for interface, kinds in sorted(by_interface.items()))
    advice = "Passwords and tokens go over them in clear: end TLS at a proxy in front, and put https into the catalog."
    return Finding(TLS, Standing.AMISS, f"http in {told}", advice)


def hosts_of(endpoints: Iterable[Endpoint]) -> frozenset[str]:
    """The host of each URL. Pure."""
    return frozenset(host for one in endpoints if (host := urlsplit(one.url).hostname))


def resolved(hosts: Iterable[str]) -> Addresses:
    """What this computer's resolver answers; nothing for a name that it does not know."""
    return {host: _addresses(host) for host in hosts}


def _addresses(host: str) -> frozenset[str]:
    try:
        return frozenset(str(answer[4][0]) for answer in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return frozenset()


def redundancy(addresses: Addresses, computers: Collection[str]) -> list[Finding]:
    """A finding for each host of the catalog. `computers` are the names and addresses of those that processes run on.

    Pure. An address that many computers share (a balancer's, a virtual one) looks like any other from outside: then it
    is not known.
    """
    return [_of_host(host, found, computers) for host, found in sorted(addresses.items())]


def _of_host(host: str, addresses: Collection[str], computers: Collection[str]) -> Finding:
    advice = "Put the APIs behind a balancer, or an address that moves (keepalived)."
    if any(ip_address(one.partition("%")[0]).is_loopback for one in addresses):
        return Finding(REDUNDANCY, Standing.AMISS, f"{host} is one computer's own loopback address", advice)
    if host in computers or host.partition(".")[0] in computers or set(addresses) & set(computers):
        return Finding(REDUNDANCY, Standing.AMISS, f"{host} is a single computer of the cloud", advice)
    if len(addresses) > 1:
        return Finding(REDUNDANCY, Standing.FINE, f"{host} has {len(addresses)} addresses")
    if not addresses:
        return Finding(REDUNDANCY, Standing.NOT_KNOWN, f"{host} is a name that this computer does not know")
    return Finding(REDUNDANCY, Standing.NOT_KNOWN, f"{host} is one address: a balancer's, or one computer's")
