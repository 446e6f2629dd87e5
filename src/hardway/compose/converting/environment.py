"""A service's variables, secrets and configs: what is secret in a Secret, the rest in the open. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.converting.names import labels
from hardway.compose.converting.parts import Around, Body, Pieces, literal
from hardway.compose.converting.storage import contents
from hardway.compose.model import BindFile, Grant, Material, Service

_SECRET: Final = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|api_?key|private_?key|(^|_)(key|pass|auth|salt|dsn)$",
    re.IGNORECASE,
)
_WITH_PASSWORD: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
"""A URL that a password stands in."""
_NAME: Final = re.compile(r"[\x21-\x3c\x3e-\x7e]{1,253}")
"""Printable, without a space or =."""
SECRETS_FOLDER: Final = "/run/secrets"


def add_environment(service: Service, around: Around, pieces: Pieces) -> None:
    """Its variables."""
    secret: dict[str, str] = {}
    place = service.place_of("environment")
    for name, value in service.environment.items():
        if not _NAME.fullmatch(name):
            path = ("services", service.name, "environment", name)
            around.telling.refuse(place, path, f"{name!r} is no variable's name", "printable, without spaces")
        elif name in service.from_files or _SECRET.search(name) or _WITH_PASSWORD.search(value):
            secret[name] = value
        else:
            pieces.env.append({"name": name, "value": literal(value)})
    if secret:
        _add_secret(service, secret, around, pieces)


def _add_secret(service: Service, secret: Mapping[str, str], around: Around, pieces: Pieces) -> None:
    name = f"{around.names.services[service.name]}-env"
    keys = {variable: f"e{number}" for number, variable in enumerate(secret)}
    data = {keys[variable]: _encoded(value.encode()) for variable, value in secret.items()}
    pieces.objects.append(_secret(name, data, service, around))
    for variable in secret:
        reference = {"secretKeyRef": {"name": name, "key": keys[variable]}}
        pieces.env.append({"name": variable, "valueFrom": reference})


def add_grants(service: Service, around: Around, pieces: Pieces) -> None:
    """Its secrets and configs, each as a file at its target."""
    project = around.project
    _add_grants("Secret", "secrets", service.secrets, project.secrets, service, around, pieces)
    _add_grants("ConfigMap", "configs", service.configs, project.configs, service, around, pieces)


def _add_grants(
    kind: str,
    section: str,
    grants: Sequence[Grant],
    materials: Mapping[str, Material],
    service: Service,
    around: Around,
    pieces: Pieces,
) -> None:
    if not grants:
        return
    name = f"{around.names.services[service.name]}-{section}"
    keys = labels(grant.source for grant in grants)
    held = {keys[grant.source]: materials[grant.source].content for grant in grants}
    if kind == "Secret":
        pieces.objects.append(_secret(name, {key: _encoded(one) for key, one in held.items()}, service, around))
    else:
        files = {key: BindFile(key, content, False) for key, content in held.items()}
        meta = around.meta(name, service.name)
        pieces.objects.append({"apiVersion": "v1", "kind": kind, "metadata": meta, **contents(files)})
    _mount(kind, section, name, grants, keys, pieces)


def _mount(
    kind: str, section: str, name: str, grants: Sequence[Grant], keys: Mapping[str, str], pieces: Pieces
) -> None:
    """At /run/secrets as one folder; elsewhere each by itself, so that what is beside it stays."""
    together = [_item(grant, keys, PurePosixPath(grant.target).name) for grant in grants if _in_folder(grant)]
    if together:
        pieces.volumes.append({"name": section, **_source(kind, name, together)})
        pieces.mounts.append({"name": section, "mountPath": SECRETS_FOLDER, "readOnly": True})
    alone = [grant for grant in grants if not _in_folder(grant)]
    if alone:
        items = [_item(grant, keys, f"g{number}") for number, grant in enumerate(alone)]
        pieces.volumes.append({"name": f"{section}-alone", **_source(kind, name, items)})
    for number, grant in enumerate(alone):
        mount = {"mountPath": grant.target, "subPath": f"g{number}", "readOnly": True}
        pieces.mounts.append({"name": f"{section}-alone", **mount})


def _item(grant: Grant, keys: Mapping[str, str], path: str) -> Body:
    return {"key": keys[grant.source], "path": path, "mode": 0o444 if grant.mode is None else grant.mode}


def _source(kind: str, name: str, items: Sequence[Body]) -> Body:
    if kind == "Secret":
        return {"secret": {"secretName": name, "items": items}}
    return {"configMap": {"name": name, "items": items}}


def _in_folder(grant: Grant) -> bool:
    return str(PurePosixPath(grant.target).parent) == SECRETS_FOLDER


def _secret(name: str, data: Mapping[str, str], service: Service, around: Around) -> Body:
    meta = around.meta(name, service.name)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": dict(data)}


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
