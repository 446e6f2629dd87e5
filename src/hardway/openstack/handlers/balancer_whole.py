"""The load balancer itself: made, and made anew once where it ends in ERROR; waited for; taken away with its parts."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

from hardway.engine.handler import Context, StepFailed
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.balancer_bodies import KINDS
from hardway.openstack.marks import description, tag
from hardway.openstack.resources.balancer import PROVIDER, LoadBalancer
from hardway.openstack.resources.base import object_id
from hardway.openstack.site import Site
from hardway.plan.steps import Step
from hardway.spec.model import OCTAVIA

PAUSE: Final = 0.5
"""Seconds between two looks at a pending balancer: the API has nothing to watch."""
PATH: Final = KINDS[LoadBalancer.kind][0]
PENDING: Final = (
    "a balancer that stays pending is stuck in the cloud: its keeper sets it to ERROR or repairs it "
    "(`openstack loadbalancer status show`), then run this again; openstack.balancerWithin gives it longer"
)
IN_ERROR: Final = "the cloud cannot make it: ask its keeper (the log of the load-balancer service says why)"


class InError(Exception):
    """The balancer's provisioning status is ERROR."""


class WholeBalancer:
    """The cluster's one load balancer."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def _within(self) -> int:
        return self._site.cluster.openstack.balancer_within

    def tags(self) -> Body:
        """The mark for people, which LBaaS v2 does not know."""
        return {"tags": [tag(self._site.cluster_id)]} if self._site.cluster.balancer.kind == OCTAVIA else {}

    def subnet(self) -> str:
        """The id of the subnet that it and its members are in."""
        subnet = self._site.subnet()
        if subnet is None:
            raise CloudFault("the machines' subnet is not there", "", "name it in openstack.subnet", bad_input=True)
        return str(subnet["id"])

    async def create(self, step: Step, balancer: LoadBalancer, context: Context) -> Body:
        """Make it, and make it anew where it ends in ERROR: once."""
        for attempt in (1, 2):
            made = await self._ask(balancer)
            try:
                settled = await self.until_active(step, made["id"], context)
            except InError as fault:
                await self.delete(step, made["id"], context)
                if attempt == 2:
                    raise StepFailed(step.id, f"{fault}, twice", advice=IN_ERROR) from fault
                context.waiting(step.id, f"{fault}: deleted, and made anew, once")
                continue
            return await self._with_groups(settled, balancer)
        raise AssertionError

    async def _ask(self, balancer: LoadBalancer) -> Body:
        body = {
            "name": balancer.label,
            "vip_subnet_id": self.subnet(),
            "vip_address": balancer.vip,
            "description": description(self._site.cluster_id, "the Kubernetes API"),
            **self.tags(),
            **({"provider": balancer.provider} if balancer.provider else {}),
        }
        made: Body = (await self._site.cloud.post(self._site.balancing, PATH, {"loadbalancer": body}))["loadbalancer"]
        return made

    async def _with_groups(self, found: Body, balancer: LoadBalancer) -> Body:
        """Our groups on the VIP's port, beside those that the cloud gave it."""
        estate, cloud = self._site.estate, self._site.cloud
        estate.of(balancer.kind)[found["id"]] = found
        if not balancer.groups:
            return found
        path = f"/ports/{found['vip_port_id']}"
        port = (await cloud.get("network", path))["port"]
        wanted = [self._site.id_of(object_id("security-group", one)) for one in balancer.groups]
        groups = estate.of("security-group")
        kept = [one for one in port["security_groups"] if groups.get(one, {}).get("name") != "default"]
        body = {"port": {"security_groups": list(dict.fromkeys((*kept, *wanted)))}}
        port = (await cloud.put("network", path, body))["port"]
        estate.of("port")[port["id"]] = port
        return found

    async def change(self, step: Step, balancer: LoadBalancer, found: Body, context: Context) -> Body:
        """Its groups are put right; a broken one, or one of another address or provider, is made anew."""
        if found["provisioning_status"] == "ERROR" or step.changes("vip") or step.changes(PROVIDER):
            context.waiting(step.id, f"it is {found['provisioning_status']}: deleted, and made anew")
            await self.delete(step, found["id"], context)
            return await self.create(step, balancer, context)
        return await self._with_groups(await self.until_active(step, found["id"], context), balancer)

    async def delete(self, step: Step, balancer: str, context: Context) -> None:
        """With all its parts, where the API knows how; wait until it is gone."""
        self._site.estate.of(LoadBalancer.kind).pop(balancer, None)
        path, service, cloud = f"{PATH}/{balancer}", self._site.balancing, self._site.cloud
        cascade = {"cascade": "true"} if self._site.cluster.balancer.kind == OCTAVIA else {}
        deadline = monotonic() + self._within
        try:
            await cloud.request(service, "DELETE", path, query=cascade)
            while monotonic() < deadline:
                found = (await cloud.get(service, path))["loadbalancer"]
                if found["provisioning_status"] == "DELETED":
                    return
                context.waiting(step.id, f"it is {found['provisioning_status']}")
                await asyncio.sleep(PAUSE)
        except CloudFault as fault:
            if fault.status == 404:
                return
            raise
        raise CloudFault(f"the balancer is not gone after {self._within} s", "", PENDING)

    async def settled(self, step: Step, context: Context) -> None:
        """Wait until a change of a part is done."""
        balancer = self._site.id_of(object_id(LoadBalancer.kind, self._site.names.balancer))
        try:
            await self.until_active(step, balancer, context)
        except InError as fault:
            raise StepFailed(step.id, str(fault), advice="`hardway up` makes it anew") from fault

    async def until_active(self, step: Step, balancer: str, context: Context) -> Body:
        """Wait out PENDING_*. Raises InError; CloudFault at the deadline."""
        deadline = monotonic() + self._within
        while True:
            found: Body = (await self._site.cloud.get(self._site.balancing, f"{PATH}/{balancer}"))["loadbalancer"]
            state = str(found["provisioning_status"])
            if state == "ACTIVE":
                return found
            if state == "ERROR":
                raise InError("the balancer is in ERROR")
            context.waiting(step.id, f"the balancer is {state}")
            if monotonic() > deadline:
                raise CloudFault(f"the balancer is {state} after {self._within} s", "", PENDING)
            await asyncio.sleep(PAUSE)
