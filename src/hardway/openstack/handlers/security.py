"""Security groups and their rules. Every rule in a group of ours is ours: one that nobody wants goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hardway.engine.handler import Context
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import NetworkingHandler
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.security import Opening, SecurityGroup, SecurityGroupRule
from hardway.plan.steps import Step
from hardway.resources.base import Resource, Seen

RULES: Final = "/security-group-rules"
ALL: Final = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


class SecurityGroupHandler(NetworkingHandler):
    """Groups. Names are not unique: one that is not ours is never taken for ours."""

    kind, path, key = SecurityGroup.kind, "/security-groups", "security_group"

    def find(self, resource: SecurityGroup) -> Body | None:
        return next((one for one in self.all_ours() if one["name"] == resource.label), None)

    def attributes(self, found: Body, resource: SecurityGroup | None) -> Mapping[str, str]:
        return {"exists": "yes"}

    def owned(self, seen: Seen) -> Resource:
        return SecurityGroup(label=seen.id.split(":", 2)[2])

    async def create(self, step: Step, context: Context) -> Body:
        """With the rules that Neutron gives a new group of its own accord."""
        assert isinstance(step.resource, SecurityGroup)
        return await self.make(step.resource.purpose, {"name": step.resource.label})


class SecurityGroupRuleHandler(NetworkingHandler):
    """Rules, told by what they let through."""

    kind, path, key = SecurityGroupRule.kind, RULES, "security_group_rule"

    def find(self, resource: SecurityGroupRule) -> Body | None:
        return next((one for one in self.all_ours() if self.id_of(one) == resource.id), None)

    def attributes(self, found: Body, resource: SecurityGroupRule | None) -> Mapping[str, str]:
        return {"exists": "yes"}

    def owns(self, found: Body) -> bool:
        return self.site.ours(self.site.estate.of(SecurityGroup.kind).get(found["security_group_id"], {}))

    def all_ours(self) -> Iterable[Body]:
        groups = [one for one in self.site.estate.of(SecurityGroup.kind).values() if self.site.ours(one)]
        return [each for group in groups for each in group["security_group_rules"]]

    def id_of(self, found: Body) -> str:
        return object_id(self.kind, f"{self._group(found['security_group_id'])}: {self._opening(found)}")

    def _group(self, group: str) -> str:
        return str(self.site.estate.of(SecurityGroup.kind).get(group, {}).get("name", group))

    def _opening(self, found: Body) -> Opening:
        peer = "anywhere"
        if found.get("remote_group_id"):
            peer = self._group(found["remote_group_id"])
        elif found.get("remote_ip_prefix") not in (None, *ALL.values()):
            peer = found["remote_ip_prefix"]
        return Opening(
            direction=found["direction"],
            family=found["ethertype"],
            protocol=found.get("protocol") or "any",
            first=found.get("port_range_min") or 0,
            last=found.get("port_range_max") or 0,
            peer=peer,
        )

    def owned(self, seen: Seen) -> Resource:
        """Only its label counts: what there is to remove is looked up by it."""
        label = seen.id.split(":", 2)[2]
        return SecurityGroupRule(label=label, group=label.split(": ")[0], opening=Opening("ingress"))

    def remember(self, body: Body) -> None:
        group = self.site.estate.of(SecurityGroup.kind)[body["security_group_id"]]
        group["security_group_rules"] = [*group["security_group_rules"], body]

    def forget(self, body: Body) -> None:
        """A group's rules are looked at anew."""

    async def create(self, step: Step, context: Context) -> Body:
        """One that is there already came with its group."""
        resource = step.resource
        assert isinstance(resource, SecurityGroupRule)
        there = self.find(resource)
        if there is not None:
            return there
        body = {**self._body(resource), **self.marked(resource.purpose)}
        try:
            answer = await self.site.cloud.post("network", RULES, {self.key: body})
        except CloudFault as fault:
            if fault.status != 409 or "already exists" not in fault.evidence:
                raise
            return {"id": "", **body}
        made: Body = answer[self.key]
        return made

    def _body(self, resource: SecurityGroupRule) -> Body:
        opening = resource.opening
        body: Body = {
            "security_group_id": self.site.id_of(object_id(SecurityGroup.kind, resource.group)),
            "direction": opening.direction,
            "ethertype": opening.family,
        }
        if opening.protocol != "any":
            body["protocol"] = opening.protocol
        if opening.first:
            body |= {"port_range_min": opening.first, "port_range_max": opening.last}
        if "/" in opening.peer:
            return {**body, "remote_ip_prefix": opening.peer}
        if opening.peer != "anywhere":
            return {**body, "remote_group_id": self.site.id_of(object_id(SecurityGroup.kind, opening.peer))}
        return body
