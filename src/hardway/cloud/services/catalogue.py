"""What Keystone knows from the start: users, roles, projects, and where each API is. Written inside Keystone's process.

Run again it changes only what is not as it should be.
"""

from __future__ import annotations

import uuid
from typing import Any

from keystone.cmd import bootstrap
from keystone.common import driver_hints, provider_api
from keystone.exception import ProjectNotFound, UserNotFound

from hardway.cloud.record import APIS, PROJECT, REGION, SERVICE_USERS, Record

PROVIDERS = provider_api.ProviderAPIs
DOMAIN = "default"
INTERFACES = ("public", "internal", "admin")
"""All three: the projects look each other up under `internal`, people under `public`."""
PATHS = {"nova": "/v2.1"}
TYPES = {
    "glance": "image",
    "placement": "placement",
    "nova": "compute",
    "neutron": "network",
    "octavia": "load-balancer",
    "designate": "dns",
}
ROLES = ("load-balancer_member", "load-balancer_admin")
"""Those that Octavia's policy asks for, beside Keystone's own."""
SERVICE_ROLES = ("admin", "service")
USER_ROLES = ("member", "load-balancer_member")


def write_catalogue(record: Record) -> None:
    """Everything, in the order of its dependencies."""
    _bootstrap(record)
    for role in ROLES:
        _ensure_role(role)
    roles = {role["name"]: role["id"] for role in PROVIDERS.role_api.list_roles()}
    service = _ensure_project("service")
    for user in SERVICE_USERS:
        _ensure_user(user, record.passwords[user], service, [roles[name] for name in SERVICE_ROLES])
    own = _ensure_project(PROJECT)
    _ensure_user("hardway", record.passwords["hardway"], own, [roles[name] for name in USER_ROLES])
    admin = PROVIDERS.identity_api.get_user_by_name("admin", DOMAIN)
    _ensure_roles(admin["id"], own, [roles["admin"]])
    for name, kind in TYPES.items():
        _ensure_endpoints(name, kind, record.url(name) + PATHS.get(name, ""))


def _bootstrap(record: Record) -> None:
    """Keystone's own `keystone-manage bootstrap`, within this process."""
    # The application has loaded them already, and they cannot be loaded twice.
    bootstrap.backends.load_backends = lambda: None
    own = bootstrap.Bootstrapper()
    own.admin_username, own.admin_password = "admin", record.passwords["admin"]
    own.project_name, own.admin_role_name = "admin", "admin"
    own.region_id, own.service_name = REGION, "keystone"
    own.public_url = own.internal_url = own.admin_url = record.auth_url
    own.bootstrap()


def _ensure_role(name: str) -> None:
    hints = driver_hints.Hints()
    hints.add_filter("name", name)
    if not PROVIDERS.role_api.list_roles(hints):
        identity = _new_id()
        PROVIDERS.role_api.create_role(identity, {"id": identity, "name": name})


def _ensure_project(name: str) -> str:
    try:
        return str(PROVIDERS.resource_api.get_project_by_name(name, DOMAIN)["id"])
    except ProjectNotFound:
        identity = _new_id()
        project = {
            "id": identity,
            "name": name,
            "domain_id": DOMAIN,
            "parent_id": DOMAIN,
            "enabled": True,
            "description": "",
            "is_domain": False,
        }
        PROVIDERS.resource_api.create_project(identity, project)
        return identity


def _ensure_user(name: str, password: str, project: str, roles: list[str]) -> None:
    try:
        user = PROVIDERS.identity_api.get_user_by_name(name, DOMAIN)
    except UserNotFound:
        wanted = {"name": name, "password": password, "domain_id": DOMAIN, "enabled": True}
        user = PROVIDERS.identity_api.create_user(wanted)
    _ensure_roles(user["id"], project, roles)


def _ensure_roles(user: str, project: str, roles: list[str]) -> None:
    held = PROVIDERS.assignment_api.get_roles_for_user_and_project(user, project)
    for role in roles:
        if role not in held:
            PROVIDERS.assignment_api.add_role_to_user_and_project(user, project, role)


def _ensure_endpoints(name: str, kind: str, url: str) -> None:
    services = {service["name"]: service["id"] for service in PROVIDERS.catalog_api.list_services()}
    service = services.get(name) or _new_service(name, kind)
    endpoints: list[dict[str, Any]] = PROVIDERS.catalog_api.list_endpoints()
    there = {endpoint["interface"]: endpoint for endpoint in endpoints if endpoint["service_id"] == service}
    for interface in INTERFACES:
        if interface not in there:
            _new_endpoint(service, interface, url)
        elif there[interface]["url"] != url:
            PROVIDERS.catalog_api.update_endpoint(there[interface]["id"], {"url": url})


def _new_service(name: str, kind: str) -> str:
    identity = _new_id()
    PROVIDERS.catalog_api.create_service(identity, {"id": identity, "type": kind, "name": name, "enabled": True})
    return identity


def _new_endpoint(service: str, interface: str, url: str) -> None:
    identity = _new_id()
    endpoint = {
        "id": identity,
        "service_id": service,
        "interface": interface,
        "region_id": REGION,
        "enabled": True,
        "url": url,
    }
    PROVIDERS.catalog_api.create_endpoint(identity, endpoint)


def _new_id() -> str:
    return uuid.uuid4().hex


assert set(TYPES) | {"keystone"} == set(APIS)
