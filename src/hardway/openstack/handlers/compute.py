"""Key pairs and server groups. They have no description: theirs are the names that hold the cluster's id."""

from __future__ import annotations

from collections.abc import Mapping

from hardway.engine.handler import Context
from hardway.openstack.cloud import Body
from hardway.openstack.handlers.base import CloudHandler
from hardway.openstack.marks import unique_name
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.compute import KeyPair, ServerGroup
from hardway.plan.steps import Step
from hardway.resources.base import Ref, Resource, Seen


class _NamedHandler(CloudHandler):
    """What the two share: a name is all there is to know it by."""

    def _name(self, label: str) -> str:
        return unique_name(label, self.site.cluster_id)

    def find(self, resource: Resource) -> Body | None:
        return next((one for one in self.all_ours() if one["name"] == self._name(resource.name)), None)

    def owns(self, found: Body) -> bool:
        return bool(self.site.cluster_id) and str(found["name"]).endswith(self._name(""))

    def id_of(self, found: Body) -> str:
        return object_id(self.kind, str(found["name"]).removesuffix(self._name("")))


class KeyPairHandler(_NamedHandler):
    """The user's key pair. Another public key means another pair; servers keep what they were made with."""

    kind = KeyPair.kind

    def attributes(self, found: Body, resource: KeyPair | None) -> Mapping[str, str]:
        return {"public": " ".join(str(found["public_key"]).split()[:2])}

    def owned(self, seen: Seen) -> Resource:
        return KeyPair(label=seen.id.split(":", 2)[2], public=Ref("", ""))

    async def create(self, step: Step, context: Context) -> Body:
        pair = step.resource
        assert isinstance(pair, KeyPair)
        body = {"name": self._name(pair.label), "public_key": context.resolve(pair.public).decode()}
        answer = await self.site.cloud.post("compute", "/os-keypairs", {"keypair": body})
        made: Body = answer["keypair"]
        return made

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        await self.remove(found, context)
        return await self.create(step, context)

    async def remove(self, found: Body, context: Context) -> None:
        await self.site.cloud.delete("compute", f"/os-keypairs/{found['name']}")


class ServerGroupHandler(_NamedHandler):
    """The masters' group."""

    kind = ServerGroup.kind

    def attributes(self, found: Body, resource: ServerGroup | None) -> Mapping[str, str]:
        return {"policy": " ".join(found.get("policies") or (found.get("policy", ""),))}

    def owned(self, seen: Seen) -> Resource:
        return ServerGroup(label=seen.id.split(":", 2)[2], policy=seen.attributes["policy"])

    async def create(self, step: Step, context: Context) -> Body:
        group = step.resource
        assert isinstance(group, ServerGroup)
        body = {"name": self._name(group.label), "policies": [group.policy]}
        made: Body = (await self.site.cloud.post("compute", "/os-server-groups", {"server_group": body}))[
            "server_group"
        ]
        return made

    async def remove(self, found: Body, context: Context) -> None:
        await self.site.cloud.delete("compute", f"/os-server-groups/{found['id']}")
