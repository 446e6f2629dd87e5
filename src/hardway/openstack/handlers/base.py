"""What the cloud's handlers share: look at what was fetched already, make, mend and remove; never what is not ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from hardway.engine.handler import Context, StepFailed
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.marks import description, tag
from hardway.openstack.resources.base import object_id
from hardway.openstack.site import Site
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen

NOT_OURS: Final = "it was there before and is not ours to change"


class CloudHandler(ABC):
    """The handler of one kind."""

    kind: ClassVar[str]

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,)

    def batch(self, step: Step) -> str | None:
        return None

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """What is in the resources' places, and what is ours beside them. Raises CloudFault where two have a name."""
        made = self.site.estate.made
        seen: dict[str, Seen] = {}
        for resource in resources:
            found = self.find(resource)
            if found is not None:
                made[resource.id] = found
                seen[resource.id] = Seen(resource.id, self.attributes(found, resource), owned=self.owns(found))
        for found in self.all_ours():
            one = self.id_of(found)
            if one not in seen:
                made[one] = found
                seen[one] = Seen(one, self.attributes(found, None), owned=True)
        return seen

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            try:
                await self._carry_out(step, context)
            except CloudFault as fault:
                raise StepFailed(step.id, fault.what, fault.evidence, fault.advice) from fault
            except KeyError as fault:
                raise StepFailed(step.id, f"what it needs was not made: {fault.args[0]}") from fault
            context.finished(step)

    async def _carry_out(self, step: Step, context: Context) -> None:
        made = self.site.estate.made
        if step.action is Action.REMOVE:
            if step.id in made:
                await self.remove(made[step.id], context)
                self.forget(made.pop(step.id))
            return
        if step.action is Action.CHANGE:
            if not step.seen.owned and not self.may_take(made[step.id]):
                raise StepFailed(
                    step.id, NOT_OURS, advice="name another one in the spec, or put this one right yourself"
                )
            made[step.id] = await self.change(step, made[step.id], context)
            return
        made[step.id] = await self.create(step, context)
        self.remember(made[step.id])

    def remember(self, body: Body) -> None:
        """Add what was made to what is there, so that others find it."""
        self.site.estate.of(self.kind)[str(body.get("id", body.get("name")))] = body

    def forget(self, body: Body) -> None:
        self.site.estate.of(self.kind).pop(str(body.get("id", body.get("name"))), None)

    def owns(self, found: Body) -> bool:
        return self.site.ours(found)

    def may_take(self, found: Body) -> bool:
        """Whether something that is not ours may be taken into use."""
        return False

    def all_ours(self) -> Iterable[Body]:
        """What of this kind bears our mark, wanted or not."""
        return [one for one in self.site.estate.of(self.kind).values() if self.owns(one)]

    def id_of(self, found: Body) -> str:
        """The id of the resource in whose place it is."""
        return object_id(self.kind, str(found["name"]))

    def marked(self, what: str) -> dict[str, str]:
        """The description of something new."""
        return {"description": description(self.site.cluster_id, what)}

    @abstractmethod
    def find(self, resource: Any) -> Body | None:
        """What is in its place."""

    @abstractmethod
    def attributes(self, found: Body, resource: Any) -> Mapping[str, str]:
        """What is seen of it; `resource` is None for what is no longer wanted."""

    @abstractmethod
    def owned(self, seen: Seen) -> Resource: ...

    @abstractmethod
    async def create(self, step: Step, context: Context) -> Body: ...

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        """Mend it. Kinds of which everything is in their identity have nothing to mend."""
        what = "; ".join(f"{one.attribute} is {one.before}, shall be {one.after}" for one in step.differences)
        raise StepFailed(step.id, f"it cannot be changed ({what})", advice="take it away by hand, then run it again")

    @abstractmethod
    async def remove(self, found: Body, context: Context) -> None: ...


class NetworkingHandler(CloudHandler):
    """The handler of one of Neutron's kinds: made with a description that marks it, then tagged for people."""

    path: ClassVar[str]
    key: ClassVar[str]

    async def make(self, what: str, body: Body) -> Body:
        """Make one, and tag it."""
        network = self.site.cloud
        wrapped = {self.key: {**body, **self.marked(what)}}
        made: Body = (await network.post("network", self.path, wrapped))[self.key]
        tags = [*(made.get("tags") or ()), tag(self.site.cluster_id)]
        await network.put("network", f"{self.path}/{made['id']}/tags", {"tags": tags})
        return {**made, "tags": tags}

    async def mend(self, found: Body, body: Body) -> Body:
        answer = await self.site.cloud.put("network", f"{self.path}/{found['id']}", {self.key: body})
        mended: Body = answer[self.key]
        self.remember(mended)
        return mended

    async def remove(self, found: Body, context: Context) -> None:
        await self.site.cloud.delete("network", f"{self.path}/{found['id']}")
