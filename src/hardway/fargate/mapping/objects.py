"""The ConfigMaps and Secrets that a pod refers to, as they are read for it. Pure.

Each is read by name, never listed: the agent's role needs no more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.volumes import is_written
from hardway.kube.api import Body


class Unready(Exception):
    """Something that the pod needs is not there (yet): each, in words."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))


@dataclass(frozen=True, slots=True)
class Reference:
    """A ConfigMap or Secret of the pod's namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


Objects = Mapping[Reference, Body | None]
"""What was read; None for what is not there."""


def references(pod: Body) -> tuple[Reference, ...]:
    """Everything that is to be read before the pod can start."""
    return tuple(dict.fromkeys(_references(pod)))


def _references(pod: Body) -> Iterator[Reference]:
    for container in pods.all_containers(pod):
        for source in container.get("envFrom") or ():
            yield from _of_source(source)
        for variable in container.get("env") or ():
            yield from _of_source(variable.get("valueFrom") or {})
    for volume in pods.volumes(pod):
        if is_written(volume):
            for source in projections(volume):
                yield from _of_source(source)
    yield from (
        Reference("Secret", one["name"]) for one in pod["spec"].get("imagePullSecrets") or () if one.get("name")
    )


_KINDS = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "secret": "Secret",
}


def _of_source(source: Body) -> Iterator[Reference]:
    yield from (Reference(kind, source[key]["name"]) for key, kind in _KINDS.items() if key in source)


def projections(volume: Body) -> tuple[Body, ...]:
    """A volume's sources, each as one of a projected volume: a Secret's is `secret: {name, items, optional}`."""
    if "projected" in volume:
        return tuple(volume["projected"].get("sources") or ())
    if "secret" in volume:
        return ({"secret": {**volume["secret"], "name": volume["secret"]["secretName"]}},)
    return tuple({kind: volume[kind]} for kind in ("configMap", "downwardAPI") if kind in volume)


def content(body: Body) -> Mapping[str, bytes]:
    """What a ConfigMap or Secret holds."""
    texts = body.get("data") or {}
    if body["kind"] == "ConfigMap":
        binary = {key: _decoded(value) for key, value in (body.get("binaryData") or {}).items()}
        return {**{key: value.encode() for key, value in texts.items()}, **binary}
    return {key: _decoded(value) for key, value in texts.items()}


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except binascii.Error:
        return b""
