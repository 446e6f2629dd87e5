"""The files of configMap, secret, projected and downwardAPI volumes, and the container that writes them. Pure.

The contents travel as base64 in variables of that container: plain for ConfigMaps, through the secret store for
Secrets. They are as they were at the task's start; a change reaches the next task only.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.environment import Surroundings
from hardway.fargate.mapping.fields import field_value, resource_value
from hardway.fargate.mapping.objects import Reference, Unready, content, projections
from hardway.fargate.mapping.volumes import is_written
from hardway.kube.api import Body

CONTAINER: Final = "hardway-files"
LARGEST: Final = 32 * 1024
"""Bytes of all files of a pod together: a task definition has 64 KiB, and base64 makes four bytes of three."""
ROOT: Final = "/hardway-files"
"""Where the writing container has the volumes."""
_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of a volume."""

    volume: str
    path: str
    """Within the volume."""
    content: bytes = field(repr=False)
    mode: int
    secret: bool


def files(around: Surroundings) -> tuple[WrittenFile, ...]:
    """Raises Unready with everything that is missing, or is too much."""
    found: list[WrittenFile] = []
    missing: list[str] = []
    for volume in pods.volumes(around.pod):
        if not is_written(volume):
            continue
        for source in projections(volume):
            try:
                found.extend(_of_source(volume, source, around))
            except Unready as fault:
                missing.append(f"volume {volume['name']}: {fault}")
    size = sum(len(one.content) for one in found)
    if size > LARGEST:
        missing.append(
            f"files of {size} bytes together in configMap and secret volumes: at most {LARGEST} can be written"
        )
    if missing:
        raise Unready(missing)
    return tuple(found)


def _of_source(volume: Body, source: Body, around: Surroundings) -> Iterator[WrittenFile]:
    if "downwardAPI" in source:
        yield from _of_the_pod(volume, source["downwardAPI"], around)
        return
    kind, key = ("Secret", "secret") if "secret" in source else ("ConfigMap", "configMap")
    wanted = source[key]
    body = around.objects.get(Reference(kind, wanted["name"]))
    if body is None:
        if not wanted.get("optional"):
            raise Unready([f"{kind} {wanted['name']} is not there"])
        return
    held = content(body)
    items = wanted.get("items") or [{"key": name, "path": name} for name in held]
    for item in items:
        if item["key"] in held:
            mode = item.get("mode") or wanted.get("defaultMode") or _default_mode(volume)
            yield WrittenFile(volume["name"], item["path"], held[item["key"]], mode, kind == "Secret")
        elif not wanted.get("optional"):
            raise Unready([f"{kind} {wanted['name']} has no key {item['key']}"])


def _default_mode(volume: Body) -> int:
    return int((volume.get("projected") or {}).get("defaultMode") or _MODE)


def _of_the_pod(volume: Body, wanted: Body, around: Surroundings) -> Iterator[WrittenFile]:
    for item in wanted.get("items") or ():
        if "fieldRef" in item:
            value = field_value(around.pod, item["fieldRef"]["fieldPath"], around.host_address)
        else:
            value = resource_value(around.pod, "", item["resourceFieldRef"])
        mode = item.get("mode") or wanted.get("defaultMode") or _default_mode(volume)
        yield WrittenFile(volume["name"], item["path"], value.encode(), mode, secret=False)


def variable(number: int) -> str:
    return f"HARDWAY_FILE_{number}"


def encoded(file: WrittenFile) -> str:
    return base64.b64encode(file.content).decode()


def script(written: Sequence[WrittenFile]) -> str:
    """For sh: writes each file with its mode."""
    lines = ["set -eu", "umask 022"]
    for number, file in enumerate(written):
        target = shlex.quote(f"{ROOT}/{file.volume}/{file.path}")
        folder = shlex.quote(f"{ROOT}/{file.volume}/{file.path}".rpartition("/")[0])
        lines.append(f"mkdir -p {folder}")
        lines.append(f'printf %s "${variable(number)}" | base64 -d > {target}')
        lines.append(f"chmod {file.mode:o} {target}")
    return "\n".join(lines)
