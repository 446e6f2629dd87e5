"""Neutron with neutron-lbaas v2, and the images in Glance that others look at."""

from __future__ import annotations

from functools import partial
from hashlib import md5
from typing import Any

from tests.cloud.check.simulated.identity import PROJECT
from tests.cloud.check.simulated.server import Answer, Collection, Request, Simulated

IMAGE = {"name": "coreos", "status": "active", "os_distro": "fedora-coreos", "disk_format": "raw", "size": 1024}
LBAAS = "/network/v2.0/lbaas"


def serve(cloud: Simulated) -> None:
    _images(cloud)
    _networks(cloud)
    _balancers(cloud)


def _images(cloud: Simulated) -> None:
    cloud.add("images", **IMAGE)
    links = [{"rel": "self", "href": f"{cloud.url}/image/v2/"}]
    versions = {"versions": [{"id": "v2.9", "status": "CURRENT", "links": links}]}
    cloud.route("GET", "/image/?", lambda request: Answer(300, versions))
    images = Collection(cloud, "/image/v2/images", "images", "image", {"status": "queued"}, wrapped=False)
    file = "/image/v2/images/(?P<id>[^/]+)/file"

    def upload(request: Request) -> Answer:
        content = request.body
        told = {"status": "active", "size": len(content), "checksum": md5(content).hexdigest()}
        images.those[request.found["id"]].update(told)
        contents[request.found["id"]] = content
        return Answer(204)

    contents: dict[str, bytes] = {}
    cloud.route("PUT", file, upload)
    cloud.route("GET", file, lambda request: Answer(200, contents[request.found["id"]]))


def _networks(cloud: Simulated) -> None:
    cloud.add("networks", name="public", **{"router:external": True})
    extensions = [{"alias": "lbaasv2", "name": "LoadBalancing service v2", "description": "", "links": []}]
    cloud.route("GET", "/network/v2.0/extensions", lambda request: Answer(200, {"extensions": extensions}))
    cloud.route("GET", "/network/?", lambda request: Answer(200, {"versions": [_network_version(cloud)]}))
    none_used = {name: {"limit": 10, "used": 0, "reserved": 0} for name in ("network", "port", "floatingip")}
    cloud.route(
        "GET", f"/network/v2.0/quotas/{PROJECT}/details.json", lambda request: Answer(200, {"quota": none_used})
    )
    address = {"fixed_ips": [{"ip_address": "198.18.77.7", "subnet_id": "s1"}], "device_owner": ""}
    for singular in ("network", "subnet", "router", "security_group", "security_group_rule", "port", "agent"):
        path = f"/network/v2.0/{singular.replace('_', '-')}s"
        Collection(cloud, path, f"{singular}s", singular, address if singular == "port" else {})
    cloud.route("PUT", "/network/v2.0/routers/(?P<id>[^/]+)/add_router_interface", partial(_foot, cloud))
    cloud.route("PUT", "/network/v2.0/routers/(?P<id>[^/]+)/remove_router_interface", partial(_no_foot, cloud))
    _goes_with(cloud, "networks", "subnets", "network_id")
    _goes_with(cloud, "security-groups", "security_group_rules", "security_group_id")


def _goes_with(cloud: Simulated, path: str, parts: str, parent: str) -> None:
    """What Neutron deletes together with what it belongs to."""

    def delete(request: Request) -> Answer:
        whole = cloud.objects[path.replace("-", "_")].pop(request.found["id"], None)
        for part in list(cloud.objects.get(parts, {}).values()):
            if part.get(parent) == request.found["id"]:
                del cloud.objects[parts][part["id"]]
        return Answer(204 if whole else 404)

    cloud.first("DELETE", rf"/network/v2.0/{path}/(?P<id>[^/]+)", delete)


def _network_version(cloud: Simulated) -> Any:
    return {"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": f"{cloud.url}/network/v2.0/"}]}


def _foot(cloud: Simulated, request: Request) -> Answer:
    router = request.found["id"]
    owner = "network:router_interface"
    port = cloud.add("ports", name="", device_id=router, device_owner=owner, subnet_id=request.json["subnet_id"])
    return Answer(200, {"id": router, "port_id": port["id"], "subnet_id": port["subnet_id"]})


def _no_foot(cloud: Simulated, request: Request) -> Answer:
    port = cloud.objects["ports"].pop(request.json["port_id"])
    return Answer(200, {"id": request.found["id"], "port_id": port["id"], "subnet_id": port["subnet_id"]})


def _balancers(cloud: Simulated) -> None:
    """Provisioning as neutron-lbaas has it: PENDING first, and 409 for whoever does not wait."""
    pending = {"provisioning_status": "PENDING_CREATE", "vip_address": "198.18.77.5", "pools": [], "listeners": []}
    balancers = Collection(
        cloud, f"{LBAAS}/loadbalancers", "loadbalancers", "loadbalancer", pending, {"provisioning_status": "ACTIVE"}
    )
    for kind in ("listener", "pool"):
        Collection(cloud, f"{LBAAS}/{kind}s", f"{kind}s", kind)
    Collection(cloud, f"{LBAAS}/pools/[^/]+/members", "members", "member")
    _part(cloud, balancers, "listener", "loadbalancer_id")
    _part(cloud, balancers, "pool", "listener_id")


def _part(cloud: Simulated, balancers: Collection, kind: str, parent: str) -> None:
    """Each part belongs to its balancer, and sets it to PENDING."""

    def make(request: Request) -> Answer:
        (balancer,) = balancers.those.values()
        if balancer["provisioning_status"] != "ACTIVE":
            return Answer(409, {"NeutronError": {"message": "Invalid state PENDING_UPDATE", "type": "StateInvalid"}})
        values = request.json[kind]
        assert values[parent]
        made = cloud.add(f"{kind}s", **values)
        balancer[f"{kind}s"].append({"id": made["id"]})
        balancer["provisioning_status"] = "PENDING_CREATE"
        return Answer(201, {kind: made})

    def delete(request: Request) -> Answer:
        (balancer,) = balancers.those.values()
        balancer[f"{kind}s"] = [one for one in balancer[f"{kind}s"] if one["id"] != request.found["id"]]
        cloud.objects[f"{kind}s"].pop(request.found["id"])
        if kind == "pool":
            cloud.objects.get("members", {}).clear()
        return Answer(204)

    cloud.first("POST", f"{LBAAS}/{kind}s", make)
    cloud.first("DELETE", rf"{LBAAS}/{kind}s/(?P<id>[^/]+)", delete)
