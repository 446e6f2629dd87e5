"""A cloud in memory, for what a real one does not do on demand: quotas, ERROR, PENDING for ever, 409, 429, 500, death.

It answers the requests that the room makes as the API references say, and keeps what was made by path. What it leaves
out: policy, address allocation beyond the wanted ones, everything that flows.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from hardway.openstack.cloud import Body, Cloud
from hardway.spec.openstack import OpenStack

PROJECT = "p" * 32
SERVICES = frozenset({"compute", "network", "image", "load-balancer", "dns"})
KEYS = {
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "ports": "port",
    "security-groups": "security_group",
    "security-group-rules": "security_group_rule",
    "floatingips": "floatingip",
    "os-keypairs": "keypair",
    "os-server-groups": "server_group",
    "servers": "server",
    "loadbalancers": "loadbalancer",
    "listeners": "listener",
    "pools": "pool",
    "members": "member",
    "healthmonitors": "healthmonitor",
}
LISTS = {
    "security-groups": "security_groups",
    "security-group-rules": "security_group_rules",
    "os-keypairs": "keypairs",
}
LISTS |= {"os-server-groups": "server_groups"}


class PowerCut(BaseException):
    """The process is gone."""


@dataclass
class Answer:
    """What requests' Response is asked for."""

    status_code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


Script = Callable[[str, str], Answer | None]
"""Asked before each request, by method and path: what it is answered with instead; None: as usual."""


@dataclass
class World:
    """What there is in the cloud, by collection and id; and how it behaves."""

    things: dict[str, dict[str, Body]] = field(default_factory=dict)
    script: Script = lambda method, path: None
    balancer_states: list[str] = field(default_factory=list)
    """The provisioning statuses that a new balancer is seen in before ACTIVE."""
    server_states: list[str] = field(default_factory=list)
    """The statuses in which new servers end, one each; ACTIVE where none is left."""
    crash_after: int = -1
    """Changing requests until the process dies: before the request takes effect, and after it, in turn."""
    limits: Body = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)
    number: int = 0
    services: frozenset[str] = SERVICES
    provider: str = "ovn"

    def __post_init__(self) -> None:
        self.put("networks", {"name": "public", "router:external": True, "project_id": "somebody"})
        self.put("flavors", {"name": "hardway.node", "vcpus": 2, "ram": 4096})
        self.put("images", {"name": "debian-13"})

    def put(self, collection: str, body: Body) -> Body:
        self.number += 1
        made = {"id": f"{collection}-{self.number}", **body}
        if collection == "os-keypairs":
            made = {**body, "id": body["name"]}
        self.things.setdefault(collection, {})[made["id"]] = made
        return made

    def of(self, collection: str) -> list[Body]:
        return list(self.things.get(collection, {}).values())

    def names(self) -> dict[str, list[str]]:
        """What the project has, by collection: names (or what stands for one)."""
        left = {name: sorted(map(_name, things.values())) for name, things in self.things.items()}
        for given in ("flavors", "images"):
            left.pop(given, None)
        left["networks"] = [one for one in left["networks"] if one != "public"]
        return {name: names for name, names in left.items() if names}


def _name(body: Body) -> str:
    return str(body.get("name") or body.get("floating_ip_address") or body.get("device_owner") or body["id"])


class FakeCloud(Cloud):
    """The door to a `World`."""

    def __init__(self, section: OpenStack, world: World) -> None:
        super().__init__(section)
        self.world = world

    async def connect(self) -> None:
        self.project, self.services = PROJECT, self.world.services

    @property
    def proxy(self) -> str | None:
        return None

    def _send(self, service: str, method: str, path: str, body: Body | None, query: Mapping[str, str]) -> Any:
        with self.world.lock:
            return self._answer(method, urlsplit(path).path, json.loads(json.dumps(body or {})), query)

    def _answer(self, method: str, path: str, body: Body, query: Mapping[str, str]) -> Answer:
        world = self.world
        scripted = world.script(method, path)
        if scripted is not None:
            return scripted
        if method == "GET":
            return self._get(path, query)
        world.asked[f"{method} {path}"] += 1
        self._die()
        answer = self._change(method, path, body)
        self._die()
        return answer

    def _die(self) -> None:
        """Once dead, always dead: other threads of the process die too."""
        if self.world.crash_after == 0:
            raise PowerCut
        self.world.crash_after -= 1

    # reading

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        world = self.world
        if path in ("/limits", f"/quotas/{PROJECT}/details.json", f"/lbaas/quotas/{PROJECT}"):
            return Answer(200, _limits(path) | world.limits.get(path, {}))
        parts = [part for part in path.split("/") if part not in ("", "lbaas", "detail")]
        match parts:
            case ["pools", pool, "members"]:
                return Answer(200, {"members": [one for one in world.of("members") if one["pool_id"] == pool]})
            case ["zones", zone, "recordsets"]:
                return Answer(200, {"recordsets": [one for one in world.of("recordsets") if one["zone_id"] == zone]})
            case [collection]:
                found = [self._shown(collection, one) for one in world.of(collection)]
                if "name" in query:
                    found = [one for one in found if one.get("name") == query["name"]]
                key = LISTS.get(collection, collection)
                return Answer(200, {key: [{"keypair": one} for one in found] if key == "keypairs" else found})
        collection, one = parts[-2], world.things.get(parts[-2], {}).get(parts[-1])
        if one is None:
            return Answer(404, {"error": {"message": f"{path} is not there"}})
        self._go_on(collection, one)
        shown = self._shown(collection, one)
        return Answer(200, {KEYS[collection]: shown} if collection in KEYS else shown)

    def _go_on(self, collection: str, one: Body) -> None:
        """What takes a while goes on each time that somebody looks."""
        if collection == "loadbalancers" and str(one["provisioning_status"]).startswith("PENDING"):
            states = self.world.balancer_states
            if states:
                state = states[0] if len(states) == 1 and states[0].startswith("PENDING") else states.pop(0)
                one["provisioning_status"] = state
            else:
                one["provisioning_status"] = "ACTIVE"
        if collection == "servers" and one["status"] == "BUILD":
            one["status"] = self.world.server_states.pop(0) if self.world.server_states else "ACTIVE"

    def _shown(self, collection: str, one: Body) -> Body:
        if collection == "security-groups":
            rules = [each for each in self.world.of("security-group-rules") if each["security_group_id"] == one["id"]]
            return {**one, "security_group_rules": rules}
        if collection == "servers":
            return {**one, "addresses": self._addresses(one)} | _fault(one)
        return one

    def _addresses(self, server: Body) -> Body:
        port = self.world.things["ports"][server["networks"][0]["port"]]
        return {"net": [{"addr": ip["ip_address"], "OS-EXT-IPS:type": "fixed"} for ip in port["fixed_ips"]]}

    # changing

    def _change(self, method: str, path: str, body: Body) -> Answer:
        parts = [part for part in path.split("/") if part not in ("", "lbaas")]
        match method, parts:
            case "PUT", ["routers", router, "add_router_interface"]:
                return self._add_interface(router, body["subnet_id"])
            case "PUT", ["routers", router, "remove_router_interface"]:
                return self._remove_interface(router, body["subnet_id"])
            case "PUT", [collection, id, "tags"]:
                self.world.things[collection][id]["tags"] = body["tags"]
                return Answer(200, body)
            case "POST", ["servers", id, "metadata"]:
                self.world.things["servers"][id]["metadata"] |= body["metadata"]
                return Answer(200, {"metadata": self.world.things["servers"][id]["metadata"]})
            case "POST", ["servers", id, "action"]:
                return self._act(id, body)
            case "POST", _:
                return self._make(parts, body)
            case "PUT", _:
                one = self.world.things[parts[-2]][parts[-1]]
                one |= body.get(KEYS.get(parts[-2], ""), body)
                self._pend(parts[-2])
                key = KEYS.get(parts[-2])
                return Answer(200, {key: one} if key else one)
        return self._delete(parts)

    def _make(self, parts: list[str], body: Body) -> Answer:
        collection = parts[-1]
        key = KEYS.get(collection)
        made = self.world.put(
            collection, {"project_id": PROJECT, **self._born(collection, parts, body[key] if key else body)}
        )
        self._pend(collection)
        if collection == "security-groups":
            for family in ("IPv4", "IPv6"):
                rule = {"security_group_id": made["id"], "direction": "egress", "ethertype": family}
                self.world.put("security-group-rules", rule)
        return Answer(201, {key: self._shown(collection, made)} if key else made)

    def _born(self, collection: str, parts: list[str], body: Body) -> Body:
        match collection:
            case "subnets":
                return {**body, "gateway_ip": re.sub(r"\.0/.*", ".1", body["cidr"])}
            case "floatingips":
                return {"floating_ip_address": f"192.168.0.{200 + self.world.number % 50}", **body}
            case "servers":
                return {**body, "status": "BUILD", "flavor": {"original_name": "hardway.node"}}
            case "loadbalancers":
                vip = {"fixed_ips": [{"subnet_id": body["vip_subnet_id"], "ip_address": body["vip_address"]}]}
                port = self.world.put("ports", {"name": "vip", "project_id": PROJECT, "security_groups": [], **vip})
                states = {"vip_port_id": port["id"], "provisioning_status": "PENDING_CREATE"}
                return {"provider": self.world.provider, **body, **states}
            case "listeners" | "pools" | "members" | "healthmonitors":
                return {**body, **self._above(collection, parts, body)}
            case "recordsets":
                return {**body, "zone_id": parts[1], "status": "ACTIVE"}
            case "zones":
                return {**body, "status": "ACTIVE"}
        return body

    def _above(self, collection: str, parts: list[str], body: Body) -> Body:
        """What a part of a balancer says it belongs to."""
        if collection == "listeners":
            return {"loadbalancers": [{"id": body["loadbalancer_id"]}]}
        if collection == "pools":
            listener = self.world.things["listeners"][body["listener_id"]]
            return {"loadbalancers": listener["loadbalancers"], "listeners": [{"id": listener["id"]}]}
        return {"pool_id": parts[1]} if collection == "members" else {"pools": [{"id": body["pool_id"]}]}

    def _pend(self, collection: str) -> None:
        if collection in ("listeners", "pools", "members", "healthmonitors"):
            for one in self.world.of("loadbalancers"):
                one["provisioning_status"] = "PENDING_UPDATE"

    def _act(self, id: str, body: Body) -> Answer:
        if "os-start" in body:
            self.world.things["servers"][id]["status"] = "ACTIVE"
        return Answer(202, {"output": "the last line"} if "os-getConsoleOutput" in body else None)

    def _add_interface(self, router: str, subnet: str) -> Answer:
        one = self.world.things["subnets"][subnet]
        addresses = {"fixed_ips": [{"subnet_id": subnet, "ip_address": one["gateway_ip"]}]}
        owner = {"device_owner": "network:router_interface", "device_id": router, "project_id": PROJECT, "name": ""}
        port = self.world.put("ports", {**owner, **addresses, "security_groups": []})
        return Answer(200, {"port_id": port["id"], "subnet_id": subnet})

    def _remove_interface(self, router: str, subnet: str) -> Answer:
        for port in self.world.of("ports"):
            if port.get("device_id") == router and port["fixed_ips"][0]["subnet_id"] == subnet:
                del self.world.things["ports"][port["id"]]
        return Answer(200, {})

    def _delete(self, parts: list[str]) -> Answer:
        gone = self.world.things.get(parts[-2], {}).pop(parts[-1], None)
        if gone is None:
            return Answer(404, {"error": {"message": "it is not there"}})
        self._pend(parts[-2])
        if parts[-2] == "loadbalancers":
            self.world.things["ports"].pop(gone["vip_port_id"], None)
            for address in self.world.of("floatingips"):
                if address.get("port_id") == gone["vip_port_id"]:
                    address["port_id"] = None
            for kind in ("listeners", "pools", "members", "healthmonitors"):
                self.world.things.pop(kind, None)
        if parts[-2] == "security-groups":
            rules = self.world.things.get("security-group-rules", {})
            for one in [one for one, rule in rules.items() if rule["security_group_id"] == gone["id"]]:
                del rules[one]
        return Answer(204)


def _fault(server: Body) -> Body:
    return {"fault": {"message": "No valid host was found."}} if server["status"] == "ERROR" else {}


def _limits(path: str) -> Body:
    if path == "/limits":
        names = ("maxTotalInstances", "maxTotalCores", "maxTotalRAMSize", "maxTotalKeypairs", "maxServerGroups")
        used = ("totalInstancesUsed", "totalCoresUsed", "totalRAMUsed", "totalServerGroupsUsed")
        return {"limits": {"absolute": {**dict.fromkeys(names, -1), **dict.fromkeys(used, 0)}}}
    return {"quota": {}}
