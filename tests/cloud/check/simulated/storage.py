"""Swift, Cinder and Manila."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.check.simulated.identity import PROJECT
from tests.cloud.check.simulated.server import Answer, Collection, Request, Simulated

ACCOUNT = f"/swift/v1/AUTH_{PROJECT}"


def serve(cloud: Simulated) -> None:
    _swift(cloud)
    _cinder(cloud)
    _manila(cloud)


def _swift(cloud: Simulated) -> None:
    """Containers by name, in collection `containers`; their objects in `objects` under container/object."""
    cloud.route("GET", "/swift/info", lambda request: Answer(200, {"swift": {"version": "2.35.0"}}))
    cloud.route("GET", f"{ACCOUNT}/?", lambda request: _containers(cloud, request))
    container, one = rf"{ACCOUNT}/(?P<container>[^/]+)", rf"{ACCOUNT}/(?P<object>[^/]+/[^/]+)"

    def put_container(request: Request) -> Answer:
        name = request.found["container"]
        cloud.objects.setdefault("containers", {})[name] = {"id": name, "name": name}
        return Answer(201)

    def put_object(request: Request) -> Answer:
        name = request.found["object"]
        cloud.objects.setdefault("objects", {})[name] = {"id": name, "name": name, "content": request.body}
        return Answer(201)

    def delete_container(request: Request) -> Answer:
        if _listed(cloud, "objects", request.found["container"] + "/"):
            return Answer(409, "<html><h1>Conflict</h1><p>There was a conflict</p></html>")
        return Answer(204) if cloud.objects["containers"].pop(request.found["container"], None) else Answer(404)

    cloud.route("PUT", container, put_container)
    cloud.route("GET", container, lambda request: _objects(cloud, request))
    cloud.route("DELETE", container, delete_container)
    cloud.route("PUT", one, put_object)
    cloud.route("GET", one, lambda request: Answer(200, cloud.objects["objects"][request.found["object"]]["content"]))
    cloud.route(
        "DELETE", one, lambda request: Answer(204 if cloud.objects["objects"].pop(request.found["object"]) else 404)
    )


def _containers(cloud: Simulated, request: Request) -> Answer:
    return Answer(200, [] if "marker=" in request.query else _listed(cloud, "containers", ""))


def _listed(cloud: Simulated, collection: str, prefix: str) -> list[dict[str, Any]]:
    return [{"name": name, "bytes": 0} for name in cloud.objects.get(collection, {}) if name.startswith(prefix)]


def _objects(cloud: Simulated, request: Request) -> Answer:
    """All on one page: the next one is empty."""
    prefix = request.found["container"] + "/"
    listed = [] if "marker=" in request.query else _listed(cloud, "objects", prefix)
    return Answer(200, [{**one, "name": one["name"].removeprefix(prefix)} for one in listed])


def _cinder(cloud: Simulated) -> None:
    links = [{"rel": "self", "href": f"{cloud.url}/volume/v3/"}]
    version = {"id": "v3.0", "status": "CURRENT", "version": "3.71", "min_version": "3.0", "links": links}
    cloud.route("GET", "/volume/(v3/)?", lambda request: Answer(200, {"versions": [version]}))
    root = f"/volume/v3/{PROJECT}"
    up = [
        {"binary": "cinder-scheduler", "host": "c1", "state": "up"},
        {"binary": "cinder-volume", "host": "c1@lvm", "state": "up"},
    ]
    cloud.route("GET", f"{root}/os-services", lambda request: Answer(200, {"services": up}))
    volumes = Collection(cloud, f"{root}/volumes", "volumes", "volume", {"status": "creating"}, {"status": "available"})

    def act(request: Request) -> Answer:
        volume = volumes.those[request.found["id"]]
        if volume["status"] != "available":
            return Answer(400, {"badRequest": {"code": 400, "message": "Invalid volume: status must be available"}})
        volume["size"] = request.json["os-extend"]["new_size"]
        return Answer(202)

    cloud.route("POST", rf"{root}/volumes/(?P<id>[^/]+)/action", act)


def _manila(cloud: Simulated) -> None:
    links = [{"rel": "self", "href": f"{cloud.url}/share/v2/"}]
    version = {"id": "v2.0", "status": "CURRENT", "version": "2.88", "min_version": "2.0", "links": links}
    cloud.route("GET", "/share/v2/?", lambda request: Answer(200, {"versions": [version]}))
    specs = {"driver_handles_share_servers": "True"}
    kinds = [{"id": "t1", "name": "default_share_type", "is_default": True, "extra_specs": specs}]
    cloud.route("GET", "/share/v2/types", lambda request: Answer(200, {"share_types": kinds}))
    services = [{"binary": "manila-share", "host": f"m{number}@lvm", "state": "up"} for number in (1, 2)]
    cloud.route("GET", "/share/v2/services", lambda request: Answer(200, {"services": services}))
    shares = Collection(cloud, "/share/v2/shares", "shares", "share", {"status": "creating"}, {"status": "available"})
    Collection(cloud, "/share/v2/share-networks", "share_networks", "share_network")
    cloud.route("POST", r"/share/v2/shares/(?P<id>[^/]+)/action", partial(_act, shares))


def _act(shares: Collection, request: Request) -> Answer:
    share = shares.those[request.found["id"]]
    if "access_list" in request.json:
        return Answer(200, {"access_list": share["access"]})
    rule = {"id": "a1", **request.json["allow_access"], "state": "active"}
    share["access"] = [rule]
    return Answer(200, {"access": rule})
