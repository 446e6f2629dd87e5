"""A container's variables, resolved as the kubelet does it; what comes from a Secret is kept apart. Pure.

Kubernetes documentation, "Define Environment Variables for a Container", "Dependent Environment Variables": `$(NAME)`
of a variable that was defined before is expanded, `$$(NAME)` is `$(NAME)`, and what is not known stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hardway.fargate.mapping.fields import field_value, resource_value
from hardway.fargate.mapping.objects import Objects, Reference, Unready, content
from hardway.kube.api import Body

_EXPANSION: Final = re.compile(r"\$(\$|\(([A-Za-z_.-][A-Za-z0-9_.-]*)\))")
_NAME: Final = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables by name, in their order."""

    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)
    """From Secrets, or made with one of them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod's variables and files are made of."""

    pod: Body
    objects: Objects = field(repr=False)
    host_address: str


@dataclass(frozen=True, slots=True)
class _Value:
    text: str = field(repr=False)
    secret: bool = False


def environment(container: Body, around: Surroundings) -> Environment:
    """Raises Unready with everything that is missing."""
    values: dict[str, _Value] = {}
    missing: list[str] = []
    for source in container.get("envFrom") or ():
        try:
            values.update(_from_source(source, around))
        except Unready as fault:
            missing.append(str(fault))
    for variable in container.get("env") or ():
        try:
            value = _value(variable, container["name"], around, values)
        except Unready as fault:
            missing.append(str(fault))
            continue
        if value is not None:
            values[variable["name"]] = value
    if missing:
        raise Unready(missing)
    plain = {name: value.text for name, value in values.items() if not value.secret}
    return Environment(plain, {name: value.text for name, value in values.items() if value.secret})


def arguments(words: Iterator[str] | tuple[str, ...] | list[str], known: Environment) -> tuple[list[str], bool]:
    """A command's words with their variables expanded, and whether a secret one is among them."""
    values = {name: _Value(text) for name, text in known.plain.items()}
    values |= {name: _Value(text, True) for name, text in known.secret.items()}
    expanded = [_expanded(word, values) for word in words]
    return [one.text for one in expanded], any(one.secret for one in expanded)


def _from_source(source: Body, around: Surroundings) -> dict[str, _Value]:
    kind, key = ("Secret", "secretRef") if "secretRef" in source else ("ConfigMap", "configMapRef")
    body = _object(kind, source[key], around)
    if body is None:
        return {}
    named = {f"{source.get('prefix') or ''}{name}": value for name, value in content(body).items()}
    return {name: _Value(_text(value), kind == "Secret") for name, value in named.items() if _NAME.match(name)}


def _object(kind: str, reference: Body, around: Surroundings) -> Body | None:
    found = around.objects.get(Reference(kind, reference["name"]))
    if found is None and not reference.get("optional"):
        raise Unready([f"{kind} {reference['name']} is not there"])
    return found


def _value(variable: Body, container: str, around: Surroundings, known: Mapping[str, _Value]) -> _Value | None:
    source = variable.get("valueFrom")
    if not source:
        return _expanded(str(variable.get("value") or ""), known)
    if "fieldRef" in source:
        return _Value(field_value(around.pod, source["fieldRef"]["fieldPath"], around.host_address))
    if "resourceFieldRef" in source:
        return _Value(resource_value(around.pod, container, source["resourceFieldRef"]))
    for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if key in source:
            return _of_key(kind, source[key], around)
    raise Unready([f"variable {variable['name']}: {', '.join(source)} is not known"])


def _of_key(kind: str, reference: Body, around: Surroundings) -> _Value | None:
    body = _object(kind, reference, around)
    if body is None:
        return None
    value = content(body).get(reference["key"])
    if value is None:
        if reference.get("optional"):
            return None
        raise Unready([f"{kind} {reference['name']} has no key {reference['key']}"])
    return _Value(_text(value), kind == "Secret")


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def _expanded(text: str, known: Mapping[str, _Value]) -> _Value:
    secret = False

    def replace(found: re.Match[str]) -> str:
        nonlocal secret
        if found[1] == "$":
            return "$"
        value = known.get(found[2])
        if value is None:
            return found[0]
        secret = secret or value.secret
        return value.text

    return _Value(_EXPANSION.sub(replace, text), secret)
