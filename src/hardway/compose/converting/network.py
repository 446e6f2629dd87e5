"""How services are reached: by name inside the project, and at ports of every machine from outside. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Final

from hardway.compose.converting.names import label
from hardway.compose.converting.parts import Around, Body
from hardway.compose.model import Port, Service
from hardway.compose.tree import Items, Place, Scalar

NODE_PORTS: Final = range(30_000, 32_768)
"""The API server's default range of NodePorts."""
_DNS_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def service_objects(around: Around) -> Iterator[Body]:
    """A Service for each name by which something is reached, and one for each service's published ports."""
    taken: dict[str, str] = {}
    for service in around.project.services:
        taken[around.names.services[service.name]] = service.name
        yield _named(around.names.services[service.name], service, around)
    for service in around.project.services:
        for alias, place in _aliases(service, around):
            yield from _alias(alias, place, service, taken, around)
        published = [port for port in service.ports if not _is_local(port)]
        if published:
            yield _published(service, published, around)


def _named(name: str, service: Service, around: Around) -> Body:
    """With an address of its own where its ports are known; else the name stands for its pods, on every port."""
    ports = _ports({(port.target, port.protocol) for port in service.ports} | set(service.expose))
    if ports:
        spec: Body = {"selector": around.selector(service.name), "ports": ports}
    else:
        spec = {"clusterIP": "None", "selector": around.selector(service.name), "publishNotReadyAddresses": True}
    meta = around.meta(name, service.name)
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _ports(ports: Iterable[tuple[int, str]]) -> list[Body]:
    return [
        {"name": f"{protocol}-{port}", "port": port, "targetPort": port, "protocol": protocol.upper()}
        for port, protocol in sorted(ports)
    ]


def _published(service: Service, ports: list[Port], around: Around) -> Body:
    made: dict[tuple[int, str], Body] = {}
    for port in ports:
        node_port = {"nodePort": port.published} if port.published in NODE_PORTS else {}
        number = _free(made, port)
        made[number, port.protocol] = {
            "name": f"{port.protocol}-{number}",
            "port": number,
            "targetPort": port.target,
            "protocol": port.protocol.upper(),
            **node_port,
        }
        if not node_port:
            what = f"port {port.published or port.target} answers on every machine, at a port of the cluster's choice"
            way_out = "`hardway compose ps` shows it; a published port of 30000 to 32767 is taken as it is"
            around.telling.mapped(port.place, ("services", service.name, "ports"), what, way_out)
    meta = around.meta(f"{around.names.services[service.name]}-published", service.name)
    spec = {"type": "NodePort", "selector": around.selector(service.name), "ports": list(made.values())}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _free(made: Mapping[tuple[int, str], Body], port: Port) -> int:
    """The Service's own port: the published one, so that it is the same in the cluster."""
    number = port.published or port.target
    while (number, port.protocol) in made:
        number = number + 1 if number < 65_535 else 1
    return number


def _is_local(port: Port) -> bool:
    """Published on this computer's loopback alone."""
    try:
        return bool(port.host_ip) and ip_address(port.host_ip).is_loopback
    except ValueError:
        return False


def tell_ports(service: Service, around: Around) -> None:
    """What becomes of addresses of this computer."""
    for port in service.ports:
        path = ("services", service.name, "ports")
        if _is_local(port):
            what = f"port {port.target} is published on {port.host_ip} alone: on the cluster it answers inside only"
            way_out = f"`hardway kubectl -- -n {around.names.namespace} port-forward svc/{service.name} {port.target}`"
            around.telling.mapped(port.place, path, what, way_out)
        elif port.host_ip not in ("", "0.0.0.0", "::"):
            around.telling.cannot(port.place, path, f"{port.host_ip} is no address of the cluster", "take it out")


def _aliases(service: Service, around: Around) -> Iterator[tuple[str, Place]]:
    yield from service.aliases
    for other in around.project.services:
        links = other.tree.get("links")
        for link in links.items if isinstance(links, Items) else ():
            target, _, alias = link.text.partition(":") if isinstance(link, Scalar) else ("", "", "")
            if target == service.name and alias:
                yield alias, link.place


def _alias(alias: str, place: Place, service: Service, taken: dict[str, str], around: Around) -> Iterator[Body]:
    path = ("services", service.name)
    if alias == service.name or taken.get(alias) == service.name:
        return
    if not _DNS_NAME.fullmatch(alias.lower()) or "." in alias:
        name = label(alias)
        if "." in alias:
            what = f"the name {alias!r} has a dot, and is none of the project's own domain"
            around.telling.cannot(place, path, what, "name it without one")
            return
        around.telling.renamed(place, path, f"{alias!r} is {name} on the cluster", f"let others ask for {name}")
        alias = name
    name = label(alias)
    if name in taken:
        if taken[name] != service.name:
            what = f"the name {alias!r} is {taken[name]}'s as well"
            around.telling.cannot(place, path, what, "give each a name of its own")
        return
    taken[name] = service.name
    yield _named(name, service, around)


def host_aliases(service: Service, around: Around) -> list[Body]:
    """extra_hosts as lines of /etc/hosts."""
    by_address: dict[str, list[str]] = {}
    for host, addresses in service.extra_hosts.items():
        if not _DNS_NAME.fullmatch(host.lower()):
            path = ("services", service.name, "extra_hosts", host)
            around.telling.cannot(service.place_of("extra_hosts"), path, f"{host!r} is no host's name", "as DNS has it")
            continue
        for address in addresses:
            try:
                by_address.setdefault(str(ip_address(address)), []).append(host.lower())
            except ValueError:
                path = ("services", service.name, "extra_hosts", host)
                what = f"{address!r} is no address"
                way_out = "a pod's machine is no host to rely on: give an address"
                around.telling.cannot(service.place_of("extra_hosts"), path, what, way_out)
    return [{"ip": address, "hostnames": hosts} for address, hosts in by_address.items()]


def dns_config(service: Service, around: Around) -> Body:
    """dns_search and dns_opt, beneath the cluster's own."""
    options = [_option(one) for one in service.dns_opt if one.partition(":")[0]]
    searches = [one for one in service.dns_search if _DNS_NAME.fullmatch(one)]
    for one in service.dns_search:
        if one not in searches:
            path = ("services", service.name, "dns_search")
            around.telling.cannot(service.place_of("dns_search"), path, f"{one!r} is no domain", "such as example.org")
    return {
        **({"searches": searches} if searches else {}),
        **({"options": options} if options else {}),
    }


def _option(written: str) -> Body:
    name, sign, value = written.partition(":")
    return {"name": name, **({"value": value} if sign else {})}


def tell_twice_published(around: Around) -> None:
    """One port of a machine leads to one service."""
    taken: dict[tuple[int, str], str] = {}
    for service in around.project.services:
        for port in service.ports:
            key = (port.published or 0, port.protocol)
            if not port.published or _is_local(port):
                continue
            if key in taken:
                what = f"port {port.published} is published twice, first by {taken[key]}"
                around.telling.refuse(port.place, ("services", service.name, "ports"), what, "give each its own")
            taken.setdefault(key, service.name)


def tell_networks(around: Around) -> None:
    """flannel connects everything: networks of a compose file keep nothing apart here."""
    used = sorted({network for service in around.project.services for network in service.networks})
    for name, place in around.project.internal_networks:
        what = "is not internal here: nothing is isolated, its services reach the outside"
        around.telling.mapped(place, ("networks", name, "internal"), what)
    if len(used) > 1:
        first = next(one for one in around.project.services if one.networks)
        what = f"not isolated: all services reach each other, whatever their networks ({', '.join(used)})"
        around.telling.mapped(first.place_of("networks"), ("networks",), what)
