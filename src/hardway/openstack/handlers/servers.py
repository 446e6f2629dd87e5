"""Servers: made, and waited for until SSH answers with the host key that was made for them; and others' servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Final

from hardway.engine.handler import Context, StepFailed
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import CloudHandler
from hardway.openstack.marks import IMAGE, KEY, MACHINE, REACHED, unique_name
from hardway.openstack.resources.compute import ExistingServer, Server
from hardway.openstack.user_data import user_data
from hardway.plan.order import machine_id
from hardway.plan.steps import Step
from hardway.resources.base import Resource, Seen
from hardway.spec.model import Machine

PAUSE: Final = 1.0
"""Seconds between two looks at a server: Nova has nothing to watch."""
GONE_WITHIN: Final = 180.0
STATES: Final = {"ACTIVE": "yes", "BUILD": "not yet", "SHUTOFF": "no", "PAUSED": "no", "SUSPENDED": "no"}
START: Final = {"SHUTOFF": "os-start", "PAUSED": "unpause", "SUSPENDED": "resume"}
CONSOLE_LINES: Final = 15


class ServerHandler(CloudHandler):
    """Servers of either kind."""

    kind = Server.kind

    def find(self, resource: Server | ExistingServer) -> Body | None:
        there = self.site.estate.of(self.kind).values()
        if isinstance(resource, Server):
            return next((one for one in there if self.owns(one) and one["metadata"][MACHINE] == resource.machine), None)
        return self.site.only(self.kind, resource.machine)

    def owns(self, found: Body) -> bool:
        return bool(self.site.cluster_id) and found.get("metadata", {}).get(KEY) == self.site.cluster_id

    def id_of(self, found: Body) -> str:
        return machine_id(str(found["metadata"][MACHINE]))

    def attributes(self, found: Body, resource: Server | ExistingServer | None) -> Mapping[str, str]:
        flavor = found.get("flavor", {})
        seen = {
            "address": " ".join(_fixed(found)) if resource is None else _address(found, resource.address),
            "flavor": str(flavor.get("original_name", flavor.get("id", ""))),
            "image": str(found.get("metadata", {}).get(IMAGE, "")),
            "running": _running(found) if not isinstance(resource, ExistingServer) else _state(found),
        }
        return seen if not isinstance(resource, ExistingServer) else {k: seen[k] for k in ("address", "running")}

    def owned(self, seen: Seen) -> Resource:
        machine = seen.id.split(":")[1]
        return ExistingServer(machine=machine, address=seen.attributes["address"])

    async def create(self, step: Step, context: Context) -> Body:
        server = step.resource
        if not isinstance(server, Server):
            raise StepFailed(step.id, f"there is no server {step.machine}", advice="make it, or use servers: create")
        body = await self._ask(server, context)
        self.site.estate.made[step.id] = body
        return await self._until_it_answers(step, body, context)

    async def _ask(self, server: Server, context: Context) -> Body:
        cloud, estate = self.site.cloud, self.site.estate
        host_key, public = (context.resolve(ref).decode() for ref in server.refs)
        machine = next(one for one in self.site.cluster.all_machines if one.name == server.machine)
        body = {
            "name": server.machine,
            "imageRef": estate.images[0]["id"],
            "flavorRef": next(one["id"] for one in estate.flavors if server.flavor in (one["name"], one["id"])),
            "networks": [{"port": self.site.id_of(server.port)}],
            "key_name": self._key_name(server),
            "config_drive": True,
            "user_data": user_data(server.machine, self._full_name(machine), host_key, public),
            "metadata": {KEY: self.site.cluster_id, MACHINE: server.machine, IMAGE: server.image},
            **({"availability_zone": server.zone} if server.zone else {}),
        }
        hints = {"os:scheduler_hints": {"group": self.site.id_of(server.group)}} if server.group else {}
        answer = await cloud.post("compute", "/servers", {"server": body, **hints})
        return {"status": "BUILD", "metadata": body["metadata"], **answer["server"]}

    def _full_name(self, machine: Machine) -> str:
        return f"{machine.name}.{self.site.cluster.domain}"

    def _key_name(self, server: Server) -> str:
        given = self.site.cluster.openstack.key_pair
        return given or unique_name(server.key_pair, self.site.cluster_id)

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        """Start what is off, wait for what is being made, make anew what never came to be; nothing else."""
        fixed = [one for one in step.differences if one.attribute != "running"]
        if fixed:
            return await super().change(step, found, context)
        if found["status"] == "ERROR" and found.get("OS-SRV-USG:launched_at") is None:
            context.waiting(step.id, f"it never came to be ({_fault(found)}): made anew, once")
            await self.remove(found, context)
            return await self.create(step, context)
        if found["status"] in START:
            action: Body = {START[found["status"]]: None}
            await self.site.cloud.post("compute", f"/servers/{found['id']}/action", action)
        return await self._until_it_answers(step, found, context)

    async def _until_it_answers(self, step: Step, found: Body, context: Context) -> Body:
        """ACTIVE, then SSH with the pinned key. StepFailed brings the server's fault, or the console's last lines."""
        deadline = monotonic() + self.site.cluster.openstack.boot_within
        active = await self._until_active(step, found, context, deadline)
        self.site.estate.made[step.id] = active
        self.remember(active)
        await self._until_ssh(step, active, context, deadline)
        reached = {"metadata": {REACHED: "yes"}}
        answer = await self.site.cloud.post("compute", f"/servers/{active['id']}/metadata", reached)
        return {**active, "metadata": answer["metadata"]}

    async def _until_active(self, step: Step, found: Body, context: Context, deadline: float) -> Body:
        while True:
            server: Body = (await self.site.cloud.get("compute", f"/servers/{found['id']}"))["server"]
            if server["status"] == "ACTIVE" and not server.get("OS-EXT-STS:task_state"):
                return server
            if server["status"] == "ERROR":
                raise StepFailed(step.id, f"the server is in ERROR: {_fault(server)}", advice=_IN_ERROR)
            state = server.get("OS-EXT-STS:task_state") or server["status"]
            context.waiting(step.id, f"the server is {state}")
            if monotonic() > deadline:
                what = f"the server is {state} after {self.site.cluster.openstack.boot_within} s"
                raise StepFailed(step.id, what, advice=_TOO_SLOW)
            await asyncio.sleep(PAUSE)

    async def _until_ssh(self, step: Step, server: Body, context: Context, deadline: float) -> None:
        while True:
            why = await self.site.log_in(step.machine)
            if why is None:
                return
            context.waiting(step.id, f"SSH: {why}")
            if monotonic() > deadline:
                what = f"SSH does not answer after {self.site.cluster.openstack.boot_within} s: {why}"
                raise StepFailed(step.id, what, await self._console(server), _TOO_SLOW)
            await asyncio.sleep(PAUSE)

    async def _console(self, server: Body) -> str:
        body: Body = {"os-getConsoleOutput": {"length": CONSOLE_LINES}}
        try:
            answer = await self.site.cloud.post("compute", f"/servers/{server['id']}/action", body)
        except CloudFault:
            return ""  # a cloud without consoles; the fault to tell is the other one
        return str(answer.get("output", ""))

    async def remove(self, found: Body, context: Context) -> None:
        path, deadline = f"/servers/{found['id']}", monotonic() + GONE_WITHIN
        await self.site.cloud.delete("compute", path)
        while monotonic() < deadline:
            try:
                server = (await self.site.cloud.get("compute", path))["server"]
            except CloudFault as fault:
                if fault.status == 404:
                    return
                raise
            if server["status"] == "ERROR":
                raise CloudFault(
                    f"the server cannot be deleted: {_fault(server)}", "", "look at it with the cloud's own tools"
                )
            await asyncio.sleep(PAUSE)
        raise CloudFault(f"the server is not gone after {GONE_WITHIN:.0f} s", "", "run `hardway down` again")

    def all_ours(self) -> Iterable[Body]:
        return [one for one in super().all_ours() if MACHINE in one["metadata"]]


_IN_ERROR: Final = (
    "if it never ran, `hardway up` makes it anew; else its data may be on it: `openstack server reboot --hard`, "
    "or take it out of the spec"
)
_TOO_SLOW: Final = "look at its console; `hardway up` goes on waiting, and openstack.bootWithin gives it longer"


def _state(server: Body) -> str:
    return STATES.get(server["status"], str(server["status"]))


def _running(server: Body) -> str:
    """A server of ours runs once it was reached: one that still boots is not yet there."""
    state = _state(server)
    return "not yet" if state == "yes" and REACHED not in server["metadata"] else state


def _fixed(server: Body) -> list[str]:
    addresses = (one for network in server.get("addresses", {}).values() for one in network)
    return [one["addr"] for one in addresses if one.get("OS-EXT-IPS:type") == "fixed"]


def _address(server: Body, wanted: str) -> str:
    """The wanted one where the server has it; a server that is being made shows none yet."""
    fixed = _fixed(server)
    return wanted if wanted in fixed or (not fixed and server["status"] != "ACTIVE") else " ".join(fixed) or "none"


def floating_of_server(server: Body) -> str | None:
    """The first floating address that Nova knows of."""
    addresses = (one for network in server.get("addresses", {}).values() for one in network)
    return next((one["addr"] for one in addresses if one.get("OS-EXT-IPS:type") == "floating"), None)


def _fault(server: Body) -> str:
    return str(server.get("fault", {}).get("message", "the cloud does not say why"))
