"""As whom and with which rights a container runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hardway.compose.converting.parts import Around, Body
from hardway.compose.model import Service

SAFE_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
"""Those that a kubelet takes without being told to (Kubernetes, "Using sysctls in a Kubernetes Cluster")."""
_CAPABILITY: Final = re.compile(r"[A-Za-z][A-Za-z_]{2,40}")
_NO_NEW: Final = frozenset({"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"})
_UNCONFINED: Final = frozenset({"seccomp:unconfined", "seccomp=unconfined"})


def container_security(service: Service, around: Around) -> Body:
    """A container's securityContext, empty where nothing is said."""
    capabilities = {
        key: [one.upper().removeprefix("CAP_") for one in listed if _CAPABILITY.fullmatch(one)]
        for key, listed in (("add", service.cap_add), ("drop", service.cap_drop))
        if listed
    }
    for one in (*service.cap_add, *service.cap_drop):
        if not _CAPABILITY.fullmatch(one):
            key = "cap_add" if one in service.cap_add else "cap_drop"
            path = ("services", service.name, key)
            around.telling.cannot(service.place_of(key), path, f"{one!r} is no capability", "such as NET_ADMIN")
    return {
        **({"privileged": True} if service.privileged else {}),
        **({"readOnlyRootFilesystem": True} if service.read_only else {}),
        **({"capabilities": capabilities} if capabilities else {}),
        **_user(service, around),
        **_options(service, around),
    }


def pod_security(service: Service, around: Around, *, keeps: bool) -> Body:
    """A pod's securityContext, empty where nothing is said."""
    groups = [int(one) for one in service.group_add if _is_id(one)]
    for one in service.group_add:
        if not _is_id(one):
            path = ("services", service.name, "group_add")
            what = f"the group {one!r} is a name, and only the image knows its number"
            around.telling.cannot(service.place_of("group_add"), path, what, "give its number")
    sysctls = [*_sysctls(service, around)]
    group = _ids(service.user)[1] if keeps else None
    return {
        **({"supplementalGroups": groups} if groups else {}),
        **({"sysctls": sysctls} if sysctls else {}),
        **({"fsGroup": group} if group else {}),
    }


def _ids(user: str) -> tuple[int | None, int | None]:
    """1000:1000 as numbers; the group is the user's where there is none: a volume must be writable by someone."""
    name, _, group = user.partition(":")
    uid = int(name) if _is_id(name) else None
    return uid, (int(group) if _is_id(group) else uid)


def _is_id(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 10


def _user(service: Service, around: Around) -> Body:
    name, _, group = service.user.partition(":")
    if not service.user:
        return {}
    if not _is_id(name) or (group and not _is_id(group)):
        if service.user in ("root", "root:root"):
            return {"runAsUser": 0, "runAsGroup": 0}
        what = f"the user {service.user!r} is a name, and only the image knows its number"
        path = ("services", service.name, "user")
        around.telling.cannot(service.place_of("user"), path, what, "give its number, or USER in its Dockerfile")
        return {}
    return {"runAsUser": int(name), **({"runAsGroup": int(group)} if group else {})}


def _options(service: Service, around: Around) -> Body:
    made: Body = {}
    for option in service.security_opt:
        if option in _NO_NEW:
            made["allowPrivilegeEscalation"] = False
        elif option in _UNCONFINED:
            made["seccompProfile"] = {"type": "Unconfined"}
        else:
            path = ("services", service.name, "security_opt")
            what = f"{option!r} names what is on one computer"
            around.telling.cannot(service.place_of("security_opt"), path, what, "take it out")
    return made


def _sysctls(service: Service, around: Around) -> Iterator[Body]:
    for name, value in service.sysctls.items():
        if name in SAFE_SYSCTLS:
            yield {"name": name, "value": value}
            continue
        path = ("services", service.name, "sysctls", name)
        what = f"{name} is none that a kubelet takes by itself"
        around.telling.cannot(service.place_of("sysctls", name), path, what, "set it on the machines")
