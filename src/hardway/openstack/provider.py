"""The provider `openstack`: machines that are servers of a cloud."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hardway.components.facts import Facts
from hardway.engine.handler import Handler
from hardway.machines.provider import Endpoint, Operator
from hardway.openstack.cloud import Body, Cloud
from hardway.openstack.estate import Estate, take_estate
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.balancer import BalancerHandler
from hardway.openstack.handlers.compute import KeyPairHandler, ServerGroupHandler
from hardway.openstack.handlers.names import RecordSetHandler, ZoneHandler
from hardway.openstack.handlers.network import NetworkHandler, RouterHandler, RouterInterfaceHandler, SubnetHandler
from hardway.openstack.handlers.ports import FloatingAddressHandler, PortHandler
from hardway.openstack.handlers.security import SecurityGroupHandler, SecurityGroupRuleHandler
from hardway.openstack.handlers.servers import ServerHandler, floating_of_server
from hardway.openstack.marks import KEY, MACHINE, REACHED
from hardway.openstack.naming import CLIENT_KEY, floating_of, host_key_public
from hardway.openstack.obstacles import obstacles
from hardway.openstack.resources.balancer import PROVIDER, LoadBalancer, abilities
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.network import FloatingAddress
from hardway.openstack.site import Site
from hardway.openstack.user_data import host_key_on
from hardway.openstack.wanted import Ground, wanted
from hardway.openstack.wanted_api import api_url
from hardway.openstack.ways import jump, log_in, plain_proxy, through_proxy
from hardway.plan.order import machine_id
from hardway.plan.steps import Plan
from hardway.resources.base import Content, Ref, Resource
from hardway.spec.addresses import api_name
from hardway.spec.model import CLOUD_BALANCERS, OPENSTACK, Cluster, Machine
from hardway.spec.openstack import OpenStack

SSH_PORT = 22
LogIn = Callable[[Endpoint | None], Awaitable[str | None]]
"""See ways.log_in."""

HANDLERS = (
    NetworkHandler,
    SubnetHandler,
    RouterHandler,
    RouterInterfaceHandler,
    SecurityGroupHandler,
    SecurityGroupRuleHandler,
    PortHandler,
    KeyPairHandler,
    ServerGroupHandler,
    ServerHandler,
    BalancerHandler,
    FloatingAddressHandler,
    ZoneHandler,
    RecordSetHandler,
)
"""Who looks after which kinds. They look in this order: floating addresses after what they lead to."""


class OpenStackProvider:
    """Servers of a cloud, made or found, and all that belongs to them there."""

    kind = OPENSTACK

    def __init__(self, operator: Operator, cloud: Callable[[OpenStack], Cloud] = Cloud, log_in: LogIn = log_in) -> None:
        self._operator = operator
        self._cloud = cloud
        self._log_in = log_in
        self._site: Site | None = None
        self._surveyed = False
        self._by_name = False
        self._host_keys: dict[str, str] = {}

    def _at(self, cluster: Cluster) -> Site:
        if self._site is None:
            cloud = self._cloud(cluster.openstack)
            self._site = Site(
                cloud, cluster, self._operator.cluster_id, lambda machine: self._log_in(self._way(cluster, machine))
            )
        return self._site

    async def survey(self, cluster: Cluster) -> None:
        """Connect, and look at all of the project at once. Raises CloudFault."""
        site = self._at(cluster)
        await site.cloud.connect()
        for service in ("compute", "network", "image"):
            if service not in site.cloud.services:
                raise CloudFault(
                    f"the cloud has no service {service}",
                    "its catalog: " + ", ".join(sorted(site.cloud.services)),
                    "look at the project's catalog (`openstack catalog list`) and at openstack.region",
                    bad_input=True,
                )
        site.estate = await take_estate(site.cloud, cluster)
        self._surveyed = True
        self._by_name = self._has_names(cluster) and await self._name_resolves(cluster)
        await self._read_host_keys(cluster)

    async def _read_host_keys(self, cluster: Cluster) -> None:
        """Of servers that exist: what the spec pins, else what they wrote to their consoles."""
        if cluster.openstack.servers == "create":
            return
        for machine in cluster.all_machines:
            if machine.host_key is not None:
                self._host_keys[machine.name] = machine.host_key
            elif machine.name not in self._host_keys:
                await self._read_console(cluster, machine)

    async def _read_console(self, cluster: Cluster, machine: Machine) -> None:
        site = self._at(cluster)
        server = site.only("machine", machine.name)
        if server is None:
            return
        answer = await site.cloud.post("compute", f"/servers/{server['id']}/action", {"os-getConsoleOutput": {}})
        key = host_key_on(str(answer.get("output", "")))
        if key is not None:
            self._host_keys[machine.name] = key

    def _has_names(self, cluster: Cluster) -> bool:
        if cluster.openstack.names == "auto":
            return not self._surveyed or "dns" in self._at(cluster).cloud.services
        return cluster.openstack.names == "designate"

    async def _name_resolves(self, cluster: Cluster) -> bool:
        """The cloud's proxy asks the cloud's own DNS; else it is for this computer's resolver to know the name."""
        if self._at(cluster).cloud.proxy is not None:
            return True
        loop, name = asyncio.get_running_loop(), api_name(cluster)
        try:
            found = await loop.getaddrinfo(name, cluster.api.port, family=socket.AF_INET, type=socket.SOCK_STREAM)
        except OSError:
            return False
        wanted = cluster.api.floating_address or cluster.api.address
        return str(wanted) in {address[0] for *_, address in found}

    async def cautions(self, cluster: Cluster) -> Sequence[str]:
        if not self._surveyed:
            await self.survey(cluster)
        site, found = self._at(cluster), []
        if not self._has_names(cluster):
            found.append("openstack.names: no Designate here: names are only in /etc/hosts of the machines")
        balancer = (
            site.only(LoadBalancer.kind, site.names.balancer) if cluster.balancer.kind in CLOUD_BALANCERS else None
        )
        provider = str((balancer or {}).get("provider") or cluster.openstack.balancer_provider or "")
        able = abilities(provider)
        if able.monitor != "HTTPS":
            found.append(f"balancer.kind: provider {provider} asks whether TCP connects, not /readyz over HTTPS")
        if not able.groups_on_vip:
            found.append(
                f"balancer.kind: provider {provider} does not heed security groups at the VIP; masters' own hold"
            )
        for kind, name in (("network", site.names.network), ("router", site.names.router)):
            there = site.only(kind, name) if cluster.openstack.servers == "create" else None
            if there is not None and not site.ours(there):
                found.append(f"openstack.{kind}: {name} was there before: it is used, and left at the end")
        return found

    async def obstacles(self, cluster: Cluster, plan: Plan) -> Sequence[str]:
        lost = () if cluster.openstack.servers == "create" else self._without_host_key(cluster)
        return (*lost, *await obstacles(self._at(cluster), plan))

    def _without_host_key(self, cluster: Cluster) -> Sequence[str]:
        there = [one for one in cluster.all_machines if self._at(cluster).only("machine", one.name) is not None]
        what = (
            "its console tells no host key: pin it as hostKey in the spec (`ssh-keyscan` from a place that you trust)"
        )
        return tuple(f"{one.name}: {what}" for one in there if one.name not in self._host_keys)

    def wanted(self, cluster: Cluster) -> Sequence[Resource]:
        return wanted(cluster, Ground(designate=self._has_names(cluster)))

    def handlers(self, cluster: Cluster) -> Sequence[Handler]:
        site = self._at(cluster)
        return tuple(handler(site) for handler in HANDLERS)

    async def endpoint(self, cluster: Cluster, machine: str) -> Endpoint | None:
        """None also while it boots for the first time."""
        if not self._surveyed:
            await self.survey(cluster)
        server = self._server(self._at(cluster), cluster, machine)
        begun = server is not None and cluster.openstack.servers == "create" and REACHED not in server["metadata"]
        return None if begun else self._way(cluster, machine)

    def _way(self, cluster: Cluster, machine: str) -> Endpoint | None:
        """Through the floating address where there is one, else the jump host, else to the fixed address."""
        site, section = self._at(cluster), cluster.openstack
        server = self._server(site, cluster, machine)
        key = self.value(host_key_public(cluster, machine))
        if server is None or key is None:
            return None
        if server["status"] != "ACTIVE":
            return None
        host = self._outside(site, cluster, machine) or str(_machine(cluster, machine).address)
        proxy = site.cloud.proxy
        own = Path(section.private_key).expanduser() if section.private_key else self._operator.folder / CLIENT_KEY
        return Endpoint(
            machine=machine,
            host=host,
            port=SSH_PORT,
            user=section.user,
            client_key=own,
            host_key=key.decode(),
            connect=through_proxy(proxy, host, SSH_PORT) if proxy and section.jump_host is None else None,
            blobs=site.cloud.blobs,
            jump=jump(section.jump_host) if section.jump_host else None,
        )

    def _server(self, site: Site, cluster: Cluster, machine: str) -> Body | None:
        known = site.estate.made.get(machine_id(machine))
        if known is not None:
            return known
        there = site.estate.of("machine").values()
        if cluster.openstack.servers == "existing":
            return site.only("machine", machine)
        mine = (one for one in there if one.get("metadata", {}).get(KEY) == (site.cluster_id or "nobody's"))
        return next((one for one in mine if one["metadata"].get(MACHINE) == machine), None)

    def _outside(self, site: Site, cluster: Cluster, machine: str) -> str | None:
        """The floating address as it is, or will be; with a jump host the way is inside."""
        if cluster.openstack.jump_host is not None:
            return None
        chosen = _machine(cluster, machine).floating_address
        if chosen is not None:
            return str(chosen)
        if machine in floating_of(cluster):
            found = site.estate.made.get(object_id(FloatingAddress.kind, machine))
            return str(found["floating_ip_address"]) if found else None
        server = self._server(site, cluster, machine)
        return floating_of_server(server) if server else None

    def expected_facts(self, cluster: Cluster) -> Facts | None:
        """Only a look tells what an image is."""
        return None

    def value(self, ref: Ref) -> bytes | None:
        kind, _, name = ref.resource.split(":", 2)
        if kind == "key":
            return self._operator.value(ref)
        if ref.attribute == "host-key":
            key = self._host_keys.get(name)
            return key.encode() if key else None
        found = (self._site.estate if self._site else Estate()).made.get(ref.resource)
        if found is None:
            return None
        match kind, ref.attribute:
            case (FloatingAddress.kind, "address"):
                return str(found["floating_ip_address"]).encode()
            case (LoadBalancer.kind, attribute) if attribute == PROVIDER:
                return str(found.get("provider") or "").encode()
            case ("record", "host"):
                return str(found["name"]).rstrip(".").encode()
            case (_, "id"):
                return str(found["id"]).encode()
        return None

    def api_proxy(self, cluster: Cluster) -> str | None:
        proxy = self._site.cloud.proxy if self._site else None
        return plain_proxy(proxy) if proxy else None

    def api_url(self, cluster: Cluster) -> Content:
        return api_url(cluster, by_name=self._by_name)


def _machine(cluster: Cluster, name: str) -> Machine:
    return next(one for one in cluster.all_machines if one.name == name)
