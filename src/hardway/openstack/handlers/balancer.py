"""The load balancer and its parts: one handler, since every change makes the whole pending for a while.

The same requests go to Octavia and to LBaaS v2, whose API Octavia took over. A balancer that ends in ERROR is made anew
once; its parts went with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from hardway.engine.handler import Context, StepFailed
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import NOT_OURS, CloudHandler
from hardway.openstack.marks import tag
from hardway.openstack.resources.balancer import (
    PROVIDER,
    BalancerPart,
    HealthMonitor,
    Listener,
    LoadBalancer,
    Member,
    Pool,
)
from hardway.openstack.resources.base import object_id
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen
from hardway.spec.model import OCTAVIA

PAUSE: Final = 0.5
"""Seconds between two looks at a pending balancer: the API has nothing to watch."""

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    LoadBalancer.kind: ("/lbaas/loadbalancers", "loadbalancer"),
    Listener.kind: ("/lbaas/listeners", "listener"),
    Pool.kind: ("/lbaas/pools", "pool"),
    Member.kind: ("/lbaas/pools/{pool}/members", "member"),
    HealthMonitor.kind: ("/lbaas/healthmonitors", "healthmonitor"),
}
"""Path and key of each kind."""

PENDING: Final = (
    "a balancer that stays pending is stuck in the cloud: its keeper sets it to ERROR or repairs it "
    "(`openstack loadbalancer status show`), then run this again; openstack.balancerWithin gives it longer"
)


class BalancerHandler(CloudHandler):
    """All kinds of parts, carried out one after another."""

    kind = LoadBalancer.kind

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(KINDS)

    def batch(self, step: Step) -> str | None:
        return "load balancer"

    def _of(self, kind: str) -> Iterable[Body]:
        return self.site.estate.of(kind).values()

    def _mine(self) -> Body | None:
        """Our balancer; its parts are ours with it."""
        return next((one for one in self._of(LoadBalancer.kind) if self.site.ours(one)), None)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """Of a balancer in ERROR only that: its parts go with it."""
        made = self.site.estate.made
        seen: dict[str, Seen] = {}
        mine = self._mine()
        if mine is None:
            return await self._others(resources)
        broken = mine["provisioning_status"] == "ERROR"
        for kind in (LoadBalancer.kind,) if broken else KINDS:
            for found in self._of(kind):
                if kind == LoadBalancer.kind and found is not mine:
                    continue
                one = object_id(kind, str(found["name"]))
                made[one] = found
                seen[one] = Seen(one, self._attributes(kind, found), owned=True)
        return seen

    async def _others(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """A balancer of that name which is not ours stands in the way."""
        there = list(self._of(LoadBalancer.kind))
        wanted = [one for one in resources if one.kind == LoadBalancer.kind]
        if not there or not wanted:
            return {}
        self.site.estate.made[wanted[0].id] = there[0]
        return {wanted[0].id: Seen(wanted[0].id, self._attributes(LoadBalancer.kind, there[0]))}

    def _attributes(self, kind: str, found: Body) -> Mapping[str, str]:
        match kind:
            case LoadBalancer.kind:
                return {
                    "vip": str(found["vip_address"]),
                    "status": str(found["provisioning_status"]),
                    "groups": " ".join(self._groups(found)),
                    PROVIDER: str(found.get("provider") or ""),
                }
            case Listener.kind:
                return {"protocol": str(found["protocol"]), "port": str(found["protocol_port"])}
            case Pool.kind:
                return {"protocol": str(found["protocol"]), "algorithm": str(found["lb_algorithm"])}
            case Member.kind:
                return {"address": str(found["address"]), "port": str(found["protocol_port"])}
        path = str(found.get("url_path")) if found["type"] == "HTTPS" else "none"
        times = {"delay": found["delay"], "timeout": found["timeout"], "retries": found["max_retries"]}
        return {"type": str(found["type"]), "path": path, **{name: str(value) for name, value in times.items()}}

    def _groups(self, balancer: Body) -> list[str]:
        """Which of our groups the VIP's port has."""
        port = self.site.estate.of("port").get(str(balancer.get("vip_port_id")), {})
        groups = self.site.estate.of("security-group")
        there = [groups[one] for one in port.get("security_groups", ()) if one in groups]
        return sorted(str(one["name"]) for one in there if self.site.ours(one))

    def owned(self, seen: Seen) -> Resource:
        kind, _, label = seen.id.split(":", 2)
        blank: Mapping[str, Any] = {
            LoadBalancer.kind: {"subnet": "", "vip": "", "groups": ()},
            Listener.kind: {"port": 0},
            Pool.kind: {"listener": ""},
            Member.kind: {"pool": "", "subnet": "", "address": "", "port": 0},
            HealthMonitor.kind: {"pool": "", "path": ""},
        }
        kinds = {one.kind: one for one in (LoadBalancer, Listener, Pool, Member, HealthMonitor)}
        return kinds[kind](label=label, balancer=self.site.names.balancer, **blank[kind])

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        going = next((one for one in steps if one.action is Action.REMOVE and one.resource.kind == self.kind), None)
        for step in steps:
            try:
                if going is None or step is going or self.site.cluster.balancer.kind != OCTAVIA:
                    await self._one(step, context)
            except CloudFault as fault:
                raise StepFailed(step.id, fault.what, fault.evidence, fault.advice) from fault
            except KeyError as fault:
                raise StepFailed(step.id, f"what it needs was not made: {fault.args[0]}") from fault
            context.finished(step)

    async def _one(self, step: Step, context: Context) -> None:
        made = self.site.estate.made
        match step.action:
            case Action.REMOVE:
                if step.id in made:
                    await self._remove(step, context)
            case Action.CHANGE:
                if not step.seen.owned:
                    advice = "another api.name in the spec gives the balancer another name"
                    raise StepFailed(step.id, NOT_OURS, advice=advice)
                made[step.id] = await self.change(step, made[step.id], context)
            case Action.CREATE:
                made[step.id] = await self.create(step, context)

    # making

    async def create(self, step: Step, context: Context) -> Body:
        if isinstance(step.resource, LoadBalancer):
            return await self._create_balancer(step, step.resource, context)
        part = step.resource
        assert isinstance(part, BalancerPart)
        path, key = self._path(part)
        made: Body = (await self._send("POST", path, {key: self._body(part, context)}))[key]
        await self._settled(step, context)
        pool = getattr(part, "pool", None)
        return {**made, "pool_id": self._id(Pool.kind, pool)} if pool else made

    def _path(self, part: BalancerPart) -> tuple[str, str]:
        path, key = KINDS[part.kind]
        return (path.format(pool=self._id(Pool.kind, part.pool)), key) if isinstance(part, Member) else (path, key)

    def _id(self, kind: str, label: str) -> str:
        return self.site.id_of(object_id(kind, label))

    def _body(self, part: BalancerPart, context: Context) -> Body:
        seen = {name: str(value) for name, value in part.attributes(context.resolve).items()}
        named = {"name": part.label, **self._tags()}
        match part:
            case Listener():
                above = {"loadbalancer_id": self._id(LoadBalancer.kind, part.balancer)}
                return {**named, **above, "protocol": "TCP", "protocol_port": part.port}
            case Pool():
                above = {"listener_id": self._id(Listener.kind, part.listener)}
                return {**named, **above, "protocol": "TCP", "lb_algorithm": seen["algorithm"]}
            case Member():
                return {**named, "address": part.address, "protocol_port": part.port, "subnet_id": self._subnet()}
            case HealthMonitor():
                times = {"delay": part.delay, "timeout": part.timeout, "max_retries": part.retries}
                http = {"url_path": part.path, "http_method": "GET", "expected_codes": "200"}
                asks = http if seen["type"] == "HTTPS" else {}
                return {**named, "pool_id": self._id(Pool.kind, part.pool), "type": seen["type"], **times, **asks}
        raise ValueError(part.kind)

    def _tags(self) -> Body:
        return {"tags": [tag(self.site.cluster_id)]} if self.site.cluster.balancer.kind == OCTAVIA else {}

    def _subnet(self) -> str:
        subnet = self.site.subnet()
        if subnet is None:
            raise CloudFault("the machines' subnet is not there", "", "name it in openstack.subnet", bad_input=True)
        return str(subnet["id"])

    async def _create_balancer(self, step: Step, balancer: LoadBalancer, context: Context) -> Body:
        """Make it, and make it anew where it ends in ERROR: once."""
        for attempt in (1, 2):
            made = await self._ask_balancer(balancer)
            try:
                settled = await self._until_active(step, made["id"], context)
            except _InError as fault:
                await self._delete_balancer(step, made["id"], context)
                if attempt == 2:
                    raise StepFailed(step.id, f"{fault}, twice", advice=_IN_ERROR) from fault
                context.waiting(step.id, f"{fault}: deleted, and made anew, once")
                continue
            return await self._with_groups(settled, balancer)
        raise AssertionError

    async def _ask_balancer(self, balancer: LoadBalancer) -> Body:
        path, key = KINDS[balancer.kind]
        body = {
            "name": balancer.label,
            "vip_subnet_id": self._subnet(),
            "vip_address": balancer.vip,
            **self.marked("the Kubernetes API"),
            **self._tags(),
            **({"provider": balancer.provider} if balancer.provider else {}),
        }
        made: Body = (await self._send("POST", path, {key: body}))[key]
        return made

    async def _with_groups(self, found: Body, balancer: LoadBalancer) -> Body:
        """Our groups on the VIP's port, beside those that the cloud gave it."""
        self.site.estate.of(self.kind)[found["id"]] = found
        if not balancer.groups:
            return found
        path = f"/ports/{found['vip_port_id']}"
        port = (await self.site.cloud.get("network", path))["port"]
        wanted = [self.site.id_of(object_id("security-group", one)) for one in balancer.groups]
        groups = self.site.estate.of("security-group")
        kept = [one for one in port["security_groups"] if groups.get(one, {}).get("name") != "default"]
        body = {"port": {"security_groups": list(dict.fromkeys((*kept, *wanted)))}}
        port = (await self.site.cloud.put("network", path, body))["port"]
        self.site.estate.of("port")[port["id"]] = port
        return found

    # mending

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        part = step.resource
        if isinstance(part, LoadBalancer):
            return await self._change_balancer(step, part, found, context)
        if isinstance(part, Pool) and not step.changes("protocol"):
            assert isinstance(part, BalancerPart)
            body = {"lb_algorithm": self._body(part, context)["lb_algorithm"]}
            return await self._put(step, part, found, body, context)
        if isinstance(part, HealthMonitor) and not step.changes("type"):
            body = self._body(part, context)
            for fixed in ("pool_id", "type", "name", "tags"):
                body.pop(fixed, None)
            return await self._put(step, part, found, body, context)
        await self._remove(step, context)
        return await self.create(step, context)

    async def _put(self, step: Step, part: BalancerPart, found: Body, body: Body, context: Context) -> Body:
        path, key = self._path(part)
        answer: Body = (await self._send("PUT", f"{path}/{found['id']}", {key: body}))[key]
        await self._settled(step, context)
        return answer

    async def _change_balancer(self, step: Step, balancer: LoadBalancer, found: Body, context: Context) -> Body:
        if found["provisioning_status"] == "ERROR" or step.changes("vip") or step.changes(PROVIDER):
            context.waiting(step.id, f"it is {found['provisioning_status']}: deleted, and made anew")
            await self._delete_balancer(step, found["id"], context)
            return await self._create_balancer(step, balancer, context)
        return await self._with_groups(await self._until_active(step, found["id"], context), balancer)

    # taking away

    async def _remove(self, step: Step, context: Context) -> None:
        found = self.site.estate.made.pop(step.id)
        if step.resource.kind == self.kind:
            await self._delete_balancer(step, found["id"], context)
            return
        self.site.estate.of(step.resource.kind).pop(str(found["id"]), None)
        path = KINDS[step.resource.kind][0].format(pool=found.get("pool_id", ""))
        await self.site.cloud.delete(self.site.balancing, f"{path}/{found['id']}")
        await self._settled(step, context)

    async def _delete_balancer(self, step: Step, balancer: str, context: Context) -> None:
        """With all its parts, where the API knows how; wait until it is gone."""
        self.site.estate.of(self.kind).pop(balancer, None)
        path = f"/lbaas/loadbalancers/{balancer}"
        cascade = {"cascade": "true"} if self.site.cluster.balancer.kind == OCTAVIA else {}
        deadline = monotonic() + self.site.cluster.openstack.balancer_within
        try:
            await self.site.cloud.request(self.site.balancing, "DELETE", path, query=cascade)
            while monotonic() < deadline:
                found = (await self.site.cloud.get(self.site.balancing, path))["loadbalancer"]
                if found["provisioning_status"] == "DELETED":
                    return
                context.waiting(step.id, f"it is {found['provisioning_status']}")
                await asyncio.sleep(PAUSE)
        except CloudFault as fault:
            if fault.status == 404:
                return
            raise
        raise CloudFault(f"the balancer is not gone after {self.site.cluster.openstack.balancer_within} s", "", PENDING)

    # waiting

    async def _send(self, method: str, path: str, body: Body) -> Body:
        return await self.site.cloud.request(self.site.balancing, method, path, body)

    async def _settled(self, step: Step, context: Context) -> None:
        try:
            await self._until_active(step, self._id(LoadBalancer.kind, self.site.names.balancer), context)
        except _InError as fault:
            raise StepFailed(step.id, str(fault), advice="`hardway up` makes it anew") from fault

    async def _until_active(self, step: Step, balancer: str, context: Context) -> Body:
        """Wait out PENDING_*. Raises _InError; CloudFault at the deadline."""
        within = self.site.cluster.openstack.balancer_within
        deadline = monotonic() + within
        while True:
            path = f"/lbaas/loadbalancers/{balancer}"
            found: Body = (await self.site.cloud.get(self.site.balancing, path))["loadbalancer"]
            state = str(found["provisioning_status"])
            if state == "ACTIVE":
                return found
            if state == "ERROR":
                raise _InError("the balancer is in ERROR")
            context.waiting(step.id, f"the balancer is {state}")
            if monotonic() > deadline:
                raise CloudFault(f"the balancer is {state} after {within} s", "", PENDING)
            await asyncio.sleep(PAUSE)

    # what the base class asks of handlers that look at one kind only

    def find(self, resource: Any) -> Body | None:
        return self.site.estate.made.get(resource.id)

    def attributes(self, found: Body, resource: Any) -> Mapping[str, str]:
        return self._attributes(resource.kind, found)

    async def remove(self, found: Body, context: Context) -> None:
        raise AssertionError("removed by its step")


_IN_ERROR: Final = "the cloud cannot make it: ask its keeper (the log of the load-balancer service says why)"


class _InError(Exception):
    """The balancer's provisioning status is ERROR."""
