"""The balancer's half that spreads: haproxy takes connections at the API's address and passes each to an API server.

It passes TLS through and never sees inside: the API servers keep knowing each client by its certificate. Twice a second
it asks each server's /readyz, over TLS, and holds the server to the cluster's authority and to the API's name. A server
that stops says so there first and is left out before it is gone.

Connections that stand are left alone: `watch` and `exec` may be silent for hours, so silence ends nothing for a day,
and a server that is being stopped finishes what it began. A server whose machine died without a word is noticed by TCP
itself: unanswered bytes after five seconds, silent connections by keep-alives after eleven.

The article's balancer is Neutron's LBaaS v2, by now gone, and without a health monitor: a third of all connections
would go to a dead server.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import api_server_name, trust
from hardway.components.layout import HAPROXY_UNIT
from hardway.components.operating_system import packages
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Budget, File, Probe, Unit
from hardway.spec.model import Cluster, Machine

FOLDER: Final = "/etc/haproxy"
CONFIG: Final = f"{FOLDER}/haproxy.cfg"
PACKAGES: Final = ("haproxy",)
HEALTH_PORT: Final = 9443
"""Plain HTTP on 127.0.0.1: /healthz says that haproxy works, /readyz that an API server is behind it as well."""
CONNECTIONS: Final = 8000
"""At once: about five from each worker, so room for 1,500. Each takes two file descriptors, of 20,000 in the lab."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """haproxy on each balancer."""
    return tuple(resource for machine in cluster.balancers for resource in _haproxy(cluster, machine, facts))


def _haproxy(cluster: Cluster, machine: Machine, facts: FactsOf) -> tuple[Resource, ...]:
    name = machine.name
    installed = packages(name, Chapter.BALANCER, PACKAGES, facts[name])
    authority = trust(name, names.KUBERNETES_CA, FOLDER)
    text = Content.of(_configuration(cluster, authority.path))
    config = File(chapter=Chapter.BALANCER, machine=name, path=CONFIG, content=text, needs=(installed.id,))
    return (
        installed,
        authority,
        config,
        # The distribution's own unit: it knows the user, the chroot and how to check a configuration before it starts.
        Unit(
            chapter=Chapter.BALANCER,
            machine=name,
            unit=HAPROXY_UNIT,
            restart_on=(config.id, authority.id),
            starts_after=(installed.id, f"sysctl:{name}:net.ipv4.ip_nonlocal_bind"),
            ready=Probe(port=HEALTH_PORT, path="/readyz"),
            ready_within=180.0,
            budget=Budget("balancer"),
        ),
    )


def _configuration(cluster: Cluster, authority: str) -> str:
    return f"""\
global
    log stdout format short daemon
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    user haproxy
    group haproxy
    maxconn {CONNECTIONS}

defaults
    log global
    mode tcp
    option tcplog
    option dontlognull
    option dontlog-normal
    option redispatch 1
    option clitcpka
    option srvtcpka
    srvtcpka-idle 5s
    srvtcpka-intvl 2s
    srvtcpka-cnt 3
    retries 3
    timeout connect 1s
    timeout check 1s
    timeout client 24h
    timeout server 24h
    timeout client-fin 30s
    timeout tunnel 24h

frontend kubernetes
    bind {cluster.api.address}:{cluster.api.port}
    default_backend api-servers

backend api-servers
    balance leastconn
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host {api_server_name(cluster)}
    http-check expect status 200
    default-server {_check(cluster, authority)}
{_servers(cluster)}
frontend health
    bind 127.0.0.1:{HEALTH_PORT}
    mode http
    timeout client 5s
    http-request return status 200 if {{ path /healthz }}
    http-request return status 200 if {{ path /readyz }} {{ nbsrv(api-servers) gt 0 }}
    http-request return status 503
"""


def _check(cluster: Cluster, authority: str) -> str:
    name = api_server_name(cluster)
    verified = f"check-ssl verify required ca-file {authority} check-sni {name} verifyhost {name}"
    return f"check {verified} inter 500ms fall 2 rise 1 tcp-ut 5s"


def _servers(cluster: Cluster) -> str:
    port = cluster.api.port
    return "".join(f"    server {master.name} {master.address}:{port}\n" for master in cluster.masters)


HAPROXY: Final = Component("haproxy", wanted)
