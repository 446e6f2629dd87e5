"""Logins to registries from a pod's imagePullSecrets. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hardway.fargate.mapping.objects import Objects, Reference, content
from hardway.kube.api import Body


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a registry."""

    user: str
    password: str = field(repr=False)


def logins(pod: Body, objects: Objects) -> Mapping[str, Login]:
    """By registry; a pull secret that is not there, or holds no login, is left out as the kubelet does."""
    found: dict[str, Login] = {}
    for reference in pod["spec"].get("imagePullSecrets") or ():
        body = objects.get(Reference("Secret", reference.get("name", "")))
        for registry, login in _in(body or {}):
            found.setdefault(registry, login)
    return found


def _in(secret: Body) -> Iterator[tuple[str, Login]]:
    held = content(secret) if secret else {}
    try:
        read: Any = json.loads(held.get(".dockerconfigjson", b"{}"))
        for registry, entry in dict(read.get("auths") or {}).items():
            yield _host(registry), _login(entry)
    except (ValueError, KeyError, AttributeError, TypeError, binascii.Error):
        return


def _login(entry: Mapping[str, str]) -> Login:
    if "auth" in entry:
        user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        return Login(user, password)
    return Login(entry["username"], entry["password"])


def _host(registry: str) -> str:
    """https://index.docker.io/v1/ is how Docker itself writes Docker Hub."""
    host = registry.removeprefix("https://").removeprefix("http://").split("/", 1)[0]
    return "docker.io" if host in ("index.docker.io", "registry-1.docker.io") else host


def registry_of(image: str) -> str:
    """An image's registry: docker.io where the name has none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
