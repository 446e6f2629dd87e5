"""The balancer's other half, which survives: keepalived holds the API's address on one of the balancers.

The balancers tell one another by VRRP once a second that they are there. Who hears nothing for three seconds takes the
address; who has had no working haproxy for three seconds gives it up. The messages go from one to the other (unicast),
since most clouds carry no multicast. A balancer that comes back does not take the address from the one that has it
(`nopreempt`): every move costs the connections that stand.

In the article this is the cloud's affair. On OpenStack the balancers' ports must be allowed the API's address
(allowed address pairs).
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.haproxy import HEALTH_PORT
from hardway.components.layout import HARDWAY, KEEPALIVED_UNIT
from hardway.components.operating_system import packages
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Budget, File, Unit
from hardway.spec.model import Cluster, Machine

CONFIG: Final = "/etc/keepalived/keepalived.conf"
CHECK: Final = f"{HARDWAY}/check-haproxy"
PACKAGES: Final = ("keepalived", "socat")
HIGHEST: Final = 150
"""VRRP priority of the first balancer; each further one has one less (RFC 5798: 1 to 254 for routers that back up)."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """keepalived on each balancer."""
    return tuple(resource for machine in cluster.balancers for resource in _keepalived(cluster, machine, facts))


def _keepalived(cluster: Cluster, machine: Machine, facts: FactsOf) -> tuple[Resource, ...]:
    name = machine.name
    installed = packages(name, Chapter.BALANCER, PACKAGES, facts[name])
    check = File(chapter=Chapter.BALANCER, machine=name, path=CHECK, content=Content.of(_CHECK), mode=0o755)
    interface = cluster.balancer.interface or facts[name].interface
    text = Content.of(_configuration(cluster, machine, interface))
    config = File(chapter=Chapter.BALANCER, machine=name, path=CONFIG, content=text, needs=(installed.id,))
    return (
        installed,
        check,
        config,
        Unit(
            chapter=Chapter.BALANCER,
            machine=name,
            unit=KEEPALIVED_UNIT,
            restart_on=(config.id, check.id),
            starts_after=(installed.id,),
            budget=Budget("balancer"),
        ),
    )


_CHECK: Final = f"""\
#!/bin/sh
# Whether haproxy answers on this machine; keepalived asks once a second.
printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' |
    socat -T 1 - TCP:127.0.0.1:{HEALTH_PORT},connect-timeout=1 |
    head -n 1 | grep -q ' 200 '
"""


def _configuration(cluster: Cluster, machine: Machine, interface: str) -> str:
    priority = HIGHEST - cluster.balancers.index(machine)
    return f"""\
global_defs {{
    router_id {machine.name}
    vrrp_version 3
    enable_script_security
    script_user nobody
}}

vrrp_script haproxy {{
    script "{CHECK}"
    interval 1
    timeout 2
    fall 3
    rise 1
}}

vrrp_instance api {{
    state BACKUP
    nopreempt
    interface {interface}
    virtual_router_id {_router_id(cluster)}
    priority {priority}
    advert_int 1
{_peers(cluster, machine)}    virtual_ipaddress {{
        {cluster.api.address}/32
    }}
    track_script {{
        haproxy
    }}
}}
"""


def _peers(cluster: Cluster, machine: Machine) -> str:
    """The other balancers; a single one has nobody to tell."""
    others = "".join(f"        {other.address}\n" for other in cluster.balancers if other != machine)
    return f"    unicast_src_ip {machine.address}\n    unicast_peer {{\n{others}    }}\n" if others else ""


def _router_id(cluster: Cluster) -> int:
    """The VIP's last octet, in 1 to 255 (RFC 5798, section 5.2.3): the same on all, another for another VIP nearby."""
    return int(cluster.api.address) % 256 or 255


KEEPALIVED: Final = Component("keepalived", wanted)
