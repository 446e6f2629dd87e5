"""Ports with fixed addresses, and floating addresses that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hardway.engine.handler import Context
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import NetworkingHandler
from hardway.openstack.marks import FOUND, tag
from hardway.openstack.resources.balancer import LoadBalancer
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.network import FloatingAddress, Network, Port, Subnet
from hardway.plan.steps import Step
from hardway.resources.base import Resource, Seen


class PortHandler(NetworkingHandler):
    """Servers' ports. The VIP's port is the balancer's own."""

    kind, path, key = Port.kind, "/ports", "port"

    def find(self, resource: Port) -> Body | None:
        return next((one for one in self.all_ours() if one["name"] == resource.label), None)

    def attributes(self, found: Body, resource: Port | None) -> Mapping[str, str]:
        groups = self.site.estate.of("security-group")
        names = sorted(str(groups.get(one, {}).get("name", one)) for one in found["security_groups"])
        pairs = sorted(one["ip_address"] for one in found.get("allowed_address_pairs") or ())
        return {
            "address": " ".join(ip["ip_address"] for ip in found["fixed_ips"]),
            "groups": " ".join(names),
            "behind": " ".join(pairs) or "nothing",
        }

    def owned(self, seen: Seen) -> Resource:
        label = seen.id.split(":", 2)[2]
        return Port(label=label, network="", subnet="", address=seen.attributes["address"], groups=())

    def _body(self, port: Port) -> Body:
        subnet = self.site.id_of(object_id(Subnet.kind, port.subnet))
        return {
            "fixed_ips": [{"subnet_id": subnet, "ip_address": port.address}],
            "security_groups": [self.site.id_of(object_id("security-group", group)) for group in port.groups],
            "allowed_address_pairs": [{"ip_address": one} for one in port.behind],
        }

    async def create(self, step: Step, context: Context) -> Body:
        port = step.resource
        assert isinstance(port, Port)
        network = self.site.id_of(object_id(Network.kind, port.network))
        body = {"name": port.label, "network_id": network, **self._body(port)}
        try:
            return await self.make(f"port of {port.label}", body)
        except CloudFault as fault:
            raise _taken(fault, port.address) from fault

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        assert isinstance(step.resource, Port)
        return await self.mend(found, self._body(step.resource))


CHOOSING: Final = (
    "this cloud lets only administrators choose (policy create_floatingip:floating_ip_address): have the address "
    "allocated to the project beforehand, or leave floatingAddress out and set openstack.floatingAddresses: any"
)
EXHAUSTED: Final = "release floating addresses that nobody uses, or ask for a larger external network"


class FloatingAddressHandler(NetworkingHandler):
    """Floating addresses. A chosen one that is in the project and free is taken into use, and let go of at the end."""

    kind, path, key = FloatingAddress.kind, "/floatingips", "floatingip"

    def find(self, resource: FloatingAddress) -> Body | None:
        there = self.site.estate.of(self.kind).values()
        if resource.address is not None:
            chosen = next((one for one in there if one["floating_ip_address"] == resource.address), None)
            return chosen or self._labelled(resource.label)
        return self._labelled(resource.label)

    def _labelled(self, label: str) -> Body | None:
        return next((one for one in self.all_ours() if _whose(one) == label), None)

    def attributes(self, found: Body, resource: FloatingAddress | None) -> Mapping[str, str]:
        return {"target": self._target(found), "address": str(found["floating_ip_address"])}

    def _target(self, found: Body) -> str:
        """The id of the resource that it leads to, or the port's own id; a balancer in ERROR is about to go, and its
        VIP's port with it."""
        port = found.get("port_id")
        for one, body in self.site.estate.made.items() if port else ():
            if one.startswith(f"{Port.kind}:") and body["id"] == port:
                return one
            if one.startswith(f"{LoadBalancer.kind}:") and body.get("vip_port_id") == port:
                return one if body["provisioning_status"] != "ERROR" else f"{one} in ERROR"
        return str(port or "nothing")

    def id_of(self, found: Body) -> str:
        return object_id(self.kind, _whose(found))

    def owned(self, seen: Seen) -> Resource:
        address = seen.attributes["address"]
        label = seen.id.split(":", 2)[2]
        return FloatingAddress(label=label, external="", target=seen.attributes["target"], address=address)

    def may_take(self, found: Body) -> bool:
        return found.get("port_id") is None

    def _port(self, resource: FloatingAddress) -> str:
        target = self.site.estate.made[resource.target]
        return str(target.get("vip_port_id") or target["id"])

    async def create(self, step: Step, context: Context) -> Body:
        floating = step.resource
        assert isinstance(floating, FloatingAddress)
        chosen = {"floating_ip_address": floating.address} if floating.address else {}
        body = {"floating_network_id": self.site.external()["id"], "port_id": self._port(floating), **chosen}
        try:
            return await self.make(f"floating address of {floating.label}", body)
        except CloudFault as fault:
            raise _said(fault, floating) from fault

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        floating = step.resource
        assert isinstance(floating, FloatingAddress)
        if step.changes("address"):
            await super().remove(found, context)
            self.forget(found)
            return await self.create(step, context)
        mark = {} if step.seen.owned else self.marked(f"floating address of {floating.label}")
        mended = await self.mend(found, {"port_id": self._port(floating), **mark})
        if not step.seen.owned:
            tags = [*(found.get("tags") or ()), tag(self.site.cluster_id), FOUND]
            await self.site.cloud.put("network", f"{self.path}/{found['id']}/tags", {"tags": tags})
            mended["tags"] = tags
        return mended

    async def remove(self, found: Body, context: Context) -> None:
        if FOUND not in (found.get("tags") or ()):
            await super().remove(found, context)
            return
        path = f"{self.path}/{found['id']}"
        left = [one for one in found["tags"] if one not in (FOUND, tag(self.site.cluster_id))]
        await self.site.cloud.put("network", path, {self.key: {"port_id": None, "description": ""}})
        await self.site.cloud.put("network", f"{path}/tags", {"tags": left})


def _whose(found: Body) -> str:
    """The last word of its description."""
    return str(found.get("description") or "").rsplit(" ", 1)[-1]


def _said(fault: CloudFault, floating: FloatingAddress) -> CloudFault:
    if fault.status == 403 and floating.address and "uota" not in fault.evidence:
        return CloudFault(f"{floating.address} cannot be chosen", fault.evidence, CHOOSING, status=403)
    if fault.status == 409 and "No more IP" in fault.evidence:
        return CloudFault("the external network has no address left", fault.evidence, EXHAUSTED, status=409)
    return _taken(fault, floating.address) if floating.address else fault


def _taken(fault: CloudFault, address: str) -> CloudFault:
    """Of Neutron's reasons for 409 a quota is another one (its OverQuota is a Conflict)."""
    if fault.status != 409 or "uota" in fault.evidence:
        return fault
    return CloudFault(f"{address} is taken already", fault.evidence, "choose another address in the spec", status=409)
