"""Networks, subnets, routers and their interfaces. One that is there under the wanted name is used and left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hardway.engine.handler import Context
from hardway.openstack.cloud import Body
from hardway.openstack.handlers.base import NetworkingHandler
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.network import Network, Router, RouterInterface, Subnet
from hardway.plan.steps import Step
from hardway.resources.base import Resource, Seen


class NetworkHandler(NetworkingHandler):
    """The machines' network."""

    kind, path, key = Network.kind, "/networks", "network"

    def find(self, resource: Network) -> Body | None:
        return self.site.only(self.kind, resource.label)

    def attributes(self, found: Body, resource: Network | None) -> Mapping[str, str]:
        return {"exists": "yes"}

    def owned(self, seen: Seen) -> Resource:
        return Network(label=_label(seen))

    async def create(self, step: Step, context: Context) -> Body:
        return await self.make("machines' network", {"name": step.resource.name})


class SubnetHandler(NetworkingHandler):
    """The network's addresses."""

    kind, path, key = Subnet.kind, "/subnets", "subnet"

    def find(self, resource: Subnet) -> Body | None:
        return self.site.only(self.kind, resource.label)

    def attributes(self, found: Body, resource: Subnet | None) -> Mapping[str, str]:
        return {"cidr": str(found["cidr"]), "dns": " ".join(found.get("dns_nameservers") or ())}

    def owned(self, seen: Seen) -> Resource:
        return Subnet(label=_label(seen), network="", cidr=seen.attributes["cidr"])

    async def create(self, step: Step, context: Context) -> Body:
        subnet = step.resource
        assert isinstance(subnet, Subnet)
        network = self.site.id_of(object_id(Network.kind, subnet.network))
        body = {"name": subnet.label, "network_id": network, "ip_version": 4, "cidr": subnet.cidr}
        return await self.make("machines' subnet", {**body, **_name_servers(subnet)})

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        if step.changes("cidr"):
            return await super().change(step, found, context)
        assert isinstance(step.resource, Subnet)
        return await self.mend(found, _name_servers(step.resource))


def _name_servers(subnet: Subnet) -> Body:
    return {"dns_nameservers": list(subnet.dns_servers)} if subnet.dns_servers else {}


class RouterHandler(NetworkingHandler):
    """The way out."""

    kind, path, key = Router.kind, "/routers", "router"

    def find(self, resource: Router) -> Body | None:
        return self.site.only(self.kind, resource.label)

    def attributes(self, found: Body, resource: Router | None) -> Mapping[str, str]:
        gateway = found.get("external_gateway_info") or {}
        network = self.site.estate.of(Network.kind).get(str(gateway.get("network_id")), {})
        name = network.get("name", "nothing")
        if resource is not None and resource.external == network.get("id"):
            name = resource.external
        return {"external": str(name)}

    def owned(self, seen: Seen) -> Resource:
        return Router(label=_label(seen), external=seen.attributes["external"])

    def _gateway(self) -> Body:
        return {"external_gateway_info": {"network_id": self.site.external()["id"]}}

    async def create(self, step: Step, context: Context) -> Body:
        return await self.make("way out of the machines' network", {"name": step.resource.name, **self._gateway()})

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        return await self.mend(found, self._gateway())


class RouterInterfaceHandler(NetworkingHandler):
    """The router's leg in the subnet: a port that Neutron makes for it."""

    kind, path, key = RouterInterface.kind, "/routers", "router"

    def find(self, resource: RouterInterface) -> Body | None:
        subnet = self.site.only(Subnet.kind, resource.label)
        return self._leg(subnet) if subnet else None

    def _leg(self, subnet: Body) -> Body | None:
        """The port of a router at the subnet's gateway."""
        for port in self.site.estate.of("port").values():
            addresses = [(ip["subnet_id"], ip["ip_address"]) for ip in port["fixed_ips"]]
            is_router = str(port.get("device_owner", "")).startswith("network:") and "router" in port["device_owner"]
            if is_router and (subnet["id"], subnet.get("gateway_ip")) in addresses:
                return {**port, "subnet_id": subnet["id"], "name": subnet["name"]}
        return None

    def attributes(self, found: Body, resource: RouterInterface | None) -> Mapping[str, str]:
        router = self.site.estate.of(Router.kind).get(str(found["device_id"]), {})
        name = str(router.get("name", "another"))
        return {"router": resource.router if resource and resource.router == router.get("id") else name}

    def owns(self, found: Body) -> bool:
        """A leg is ours where the router or the subnet is: it goes before them."""
        estate = self.site.estate
        router = estate.of(Router.kind).get(str(found["device_id"]), {})
        return self.site.ours(router) or self.site.ours(estate.of(Subnet.kind).get(found["subnet_id"], {}))

    def all_ours(self) -> Iterable[Body]:
        legs = (self._leg(subnet) for subnet in self.site.estate.of(Subnet.kind).values())
        return [leg for leg in legs if leg and self.owns(leg)]

    def owned(self, seen: Seen) -> Resource:
        return RouterInterface(label=_label(seen), router=seen.attributes["router"])

    async def create(self, step: Step, context: Context) -> Body:
        leg = step.resource
        assert isinstance(leg, RouterInterface)
        router = self.site.id_of(object_id(Router.kind, leg.router))
        subnet = self.site.id_of(object_id(Subnet.kind, leg.label))
        path = f"/routers/{router}/add_router_interface"
        answer = await self.site.cloud.put("network", path, {"subnet_id": subnet})
        return {"id": answer["port_id"], "name": leg.label, "device_id": router, "subnet_id": subnet}

    def remember(self, body: Body) -> None:
        """Legs are told by routers' ports."""

    async def remove(self, found: Body, context: Context) -> None:
        path = f"/routers/{found['device_id']}/remove_router_interface"
        await self.site.cloud.put("network", path, {"subnet_id": found["subnet_id"]})


def _label(seen: Seen) -> str:
    return seen.id.split(":", 2)[2]
