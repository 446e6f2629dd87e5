"""The load balancer and its parts: one handler, since every change makes the whole pending for a while.

What is sent and read is in `balancer_bodies`; what becomes of the balancer itself in `balancer_whole`. A balancer that
ends in ERROR is made anew once; its parts went with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hardway.engine.handler import Context, StepFailed
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.balancer_bodies import KINDS, belongs_to, body_of, changes_of, seen_of, unwanted
from hardway.openstack.handlers.balancer_whole import WholeBalancer
from hardway.openstack.handlers.base import NOT_OURS, CloudHandler
from hardway.openstack.resources.balancer import PROVIDER, BalancerPart, LoadBalancer, Member
from hardway.openstack.resources.base import object_id
from hardway.openstack.site import Site
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen
from hardway.spec.model import OCTAVIA


class BalancerHandler(CloudHandler):
    """All kinds of parts, carried out one after another."""

    kind = LoadBalancer.kind

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._whole = WholeBalancer(site)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(KINDS)

    def batch(self, step: Step) -> str | None:
        return "load balancer"

    # looking

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """Of a balancer in ERROR only that: its parts go with it."""
        made = self.site.estate.made
        seen: dict[str, Seen] = {}
        mine = self._mine()
        if mine is None:
            return self._others(resources)
        broken = mine["provisioning_status"] == "ERROR"
        for kind in (LoadBalancer.kind,) if broken else KINDS:
            for found in self._of(kind):
                if kind == LoadBalancer.kind and found is not mine:
                    continue
                one = object_id(kind, str(found["name"]))
                made[one] = found
                seen[one] = Seen(one, self._attributes(kind, found), owned=True)
        return seen

    def _of(self, kind: str) -> Iterable[Body]:
        return self.site.estate.of(kind).values()

    def _mine(self) -> Body | None:
        """Our balancer; its parts are ours with it."""
        return next((one for one in self._of(LoadBalancer.kind) if self.site.ours(one)), None)

    def _others(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """A balancer of that name which is not ours stands in the way."""
        there = list(self._of(LoadBalancer.kind))
        wanted = [one for one in resources if one.kind == LoadBalancer.kind]
        if not there or not wanted:
            return {}
        self.site.estate.made[wanted[0].id] = there[0]
        return {wanted[0].id: Seen(wanted[0].id, self._attributes(LoadBalancer.kind, there[0]))}

    def _attributes(self, kind: str, found: Body) -> Mapping[str, str]:
        if kind != LoadBalancer.kind:
            return seen_of(kind, found)
        return {
            "vip": str(found["vip_address"]),
            "status": str(found["provisioning_status"]),
            "groups": " ".join(self._groups(found)),
            PROVIDER: str(found.get("provider") or ""),
        }

    def _groups(self, balancer: Body) -> list[str]:
        """Which of our groups the VIP's port has."""
        port = self.site.estate.of("port").get(str(balancer.get("vip_port_id")), {})
        groups = self.site.estate.of("security-group")
        there = [groups[one] for one in port.get("security_groups", ()) if one in groups]
        return sorted(str(one["name"]) for one in there if self.site.ours(one))

    def owned(self, seen: Seen) -> Resource:
        kind, _, label = seen.id.split(":", 2)
        return unwanted(kind, label, self.site.names.balancer)

    # carrying out

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

    async def create(self, step: Step, context: Context) -> Body:
        part = step.resource
        if isinstance(part, LoadBalancer):
            return await self._whole.create(step, part, context)
        assert isinstance(part, BalancerPart)
        path, key = self._path(part)
        body = {key: {**self._body(part, context), **self._whole.tags()}}
        made: Body = (await self.site.cloud.post(self.site.balancing, path, body))[key]
        await self._whole.settled(step, context)
        pool = getattr(part, "pool", None)
        return {**made, "pool_id": self._above(part)} if pool else made

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        part = step.resource
        if isinstance(part, LoadBalancer):
            return await self._whole.change(step, part, found, context)
        assert isinstance(part, BalancerPart)
        mended = changes_of(step, self._body(part, context))
        if mended is None:
            await self._remove(step, context)
            return await self.create(step, context)
        path, key = self._path(part)
        answer: Body = (await self.site.cloud.put(self.site.balancing, f"{path}/{found['id']}", {key: mended}))[key]
        await self._whole.settled(step, context)
        return answer

    async def _remove(self, step: Step, context: Context) -> None:
        found = self.site.estate.made.pop(step.id)
        if step.resource.kind == self.kind:
            await self._whole.delete(step, found["id"], context)
            return
        self.site.estate.of(step.resource.kind).pop(str(found["id"]), None)
        path = KINDS[step.resource.kind][0].format(pool=found.get("pool_id", ""))
        await self.site.cloud.delete(self.site.balancing, f"{path}/{found['id']}")
        await self._whole.settled(step, context)

    def _path(self, part: BalancerPart) -> tuple[str, str]:
        path, key = KINDS[part.kind]
        return (path.format(pool=self._above(part)), key) if isinstance(part, Member) else (path, key)

    def _above(self, part: BalancerPart) -> str:
        return self.site.id_of(object_id(*belongs_to(part)))

    def _body(self, part: BalancerPart, context: Context) -> Body:
        seen = {name: str(value) for name, value in part.attributes(context.resolve).items()}
        return body_of(part, seen, self._above(part), self._whole.subnet() if isinstance(part, Member) else "")

    # what the base class asks of handlers that look at one kind only

    def find(self, resource: Any) -> Body | None:
        return self.site.estate.made.get(resource.id)

    def attributes(self, found: Body, resource: Any) -> Mapping[str, str]:
        return self._attributes(resource.kind, found)

    async def remove(self, found: Body, context: Context) -> None:
        raise AssertionError("removed by its step")
