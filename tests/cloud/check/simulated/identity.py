"""Keystone: tokens for one user, and the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tests.cloud.check.simulated.server import Answer, Request, Simulated

PROJECT: Final = "9d0c5b1f8d3c4a1f8f6f0a4a8c6f6a01"
CREDENTIAL: Final = {
    "username": "demo",
    "password": "right",
    "project_name": "demo",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}
REFUSED: Final = Answer(
    401,
    {"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}},
)


def serve(cloud: Simulated, services: Mapping[str, str]) -> None:
    cloud.route("GET", "/identity/v3/?", lambda request: Answer(200, {"version": _version(cloud)}))
    cloud.route("GET", "/identity/?", lambda request: Answer(300, {"versions": {"values": [_version(cloud)]}}))
    cloud.route("POST", "/identity/v3/auth/tokens", partial(_issue, cloud, services))
    cloud.route("GET", "/identity/v3/auth/tokens", partial(_show, cloud, services))
    cloud.route("DELETE", "/identity/v3/auth/tokens", partial(_revoke, cloud))


def _version(cloud: Simulated) -> Mapping[str, Any]:
    links = [{"rel": "self", "href": f"{cloud.url}/identity/v3/"}]
    return {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": links, "media-types": []}


def _issue(cloud: Simulated, services: Mapping[str, str], request: Request) -> Answer:
    if not _is_right(request.json["auth"]["identity"]):
        return REFUSED
    token = cloud.add("tokens")
    return Answer(201, {"token": _token(cloud, services)}, {"X-Subject-Token": token["id"]})


def _is_right(identity: Mapping[str, Any]) -> bool:
    if "application_credential" in identity:
        return bool(identity["application_credential"]["secret"] == "right")
    return bool(identity["password"]["user"]["password"] == "right")


def _show(cloud: Simulated, services: Mapping[str, str], request: Request) -> Answer:
    if request.headers.get("X-Subject-Token") not in cloud.objects["tokens"]:
        return Answer(404, {"error": {"code": 404, "message": "Could not find token"}})
    return Answer(200, {"token": _token(cloud, services)})


def _revoke(cloud: Simulated, request: Request) -> Answer:
    cloud.objects["tokens"].pop(request.headers["X-Subject-Token"])
    return Answer(204)


def _token(cloud: Simulated, services: Mapping[str, str]) -> Mapping[str, Any]:
    domain = {"id": "default", "name": "Default"}
    return {
        "methods": ["password"],
        "user": {"id": "u1", "name": "demo", "domain": domain},
        "project": {"id": PROJECT, "name": "demo", "domain": domain},
        "roles": [{"id": "r1", "name": "member"}],
        "expires_at": "2999-01-01T00:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "catalog": [
            {"id": kind, "type": kind, "name": kind, "endpoints": _endpoints(cloud.url + path)}
            for kind, path in services.items()
        ],
    }


def _endpoints(url: str) -> list[Mapping[str, str]]:
    return [
        {"id": interface, "interface": interface, "region": "RegionOne", "region_id": "RegionOne", "url": url}
        for interface in ("public", "internal")
    ]
