"""pydantic's errors in plain words, with a way out of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hardway.spec.faults import Path, dotted, listed, nearest, shown
from hardway.spec.fields import (
    DOMAIN_PATTERN,
    FLAG_NAME_PATTERN,
    FLAG_VALUE_PATTERN,
    HOST_KEY_PATTERN,
    INTERFACE_PATTERN,
    LABEL_PATTERN,
    OBJECT_PATTERN,
    SUITE_PATTERN,
    URL_PATTERN,
    USER_PATTERN,
)
from hardway.spec.model import Cluster

Words = tuple[str, str]
"""What is wrong, and a way out."""

_LABEL_WAY: Final = "use at most 63 lower-case letters, digits and hyphens, no hyphen at either end"
_PATTERNS: Final[Mapping[str, Words]] = {
    LABEL_PATTERN: ("is no RFC 1123 label", _LABEL_WAY),
    DOMAIN_PATTERN: ("is no DNS name", "use RFC 1123 labels in lower case, joined by dots"),
    FLAG_NAME_PATTERN: ("is no flag's name", "write it without the leading dashes, in lower case, with hyphens"),
    FLAG_VALUE_PATTERN: (
        "cannot stand in a unit file",
        "use ASCII without white space, quotes, $, %, ;, ` or backslash",
    ),
    INTERFACE_PATTERN: ("is no name of a network interface", "use at most 15 letters, digits, dots, _ or -"),
    URL_PATTERN: ("is no URL", "begin it with https:// or http://"),
    HOST_KEY_PATTERN: (
        "is no public host key",
        "write it as known_hosts has it, without the host: ssh-ed25519 AAAA...",
    ),
    USER_PATTERN: ("is no user's name", "use at most 32 lower-case letters, digits, _ and -"),
    OBJECT_PATTERN: ("cannot be a name in a cloud", "use at most 128 characters without a slash"),
    SUITE_PATTERN: ("is no release's name", "use a code name in lower case, such as trixie"),
}


def worded(error: ErrorDetails) -> Words:
    """One error of pydantic for a person; `loc` must hold the keys as in YAML."""
    by_type = _BY_TYPE.get(error["type"])
    if by_type is None:
        return error["msg"][:1].lower() + error["msg"][1:], ""
    if error["input"] is None and error["type"] != "missing":
        return "is empty", "give it a value, or leave the key out"
    return by_type(error)


def _missing(error: ErrorDetails) -> Words:
    return "is missing", f"add `{error['loc'][-1]}:`"


def _unknown_key(error: ErrorDetails) -> Words:
    *above, key = error["loc"]
    known = keys_at(tuple(above))
    near = nearest(str(key), known)
    if near:
        return "unknown key", f"did you mean {near}?"
    elsewhere = [dotted(path) for path in key_paths() if path[-1] == key]
    if elsewhere:
        return "unknown key here", f"it belongs at {listed(elsewhere)}"
    return "unknown key", f"known here: {', '.join(known)}" if known else ""


def _string(error: ErrorDetails) -> Words:
    value = error["input"]
    if isinstance(value, bool | int | float):
        kind = "a truth value" if isinstance(value, bool) else "a number"
        return f"{_named(value)} is {kind} to YAML, where text is wanted", "put it in quotes"
    return f"{_named(value)} stands where text is wanted", "give one value"


def _named(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, bool):
        return str(value).lower()
    return "a list" if isinstance(value, list) else shown(value)


def _whole_number(error: ErrorDetails) -> Words:
    return f"{_named(error['input'])} is no whole number", "write digits, without quotes"


def _pattern(error: ErrorDetails) -> Words:
    value, pattern = str(error["input"]), error["ctx"]["pattern"]
    what, way = _PATTERNS.get(pattern, ("does not have the form that is wanted", f"it must match {pattern}"))
    better = re.sub(r"[^a-z0-9.-]+", "-", value.lower()).strip("-.")
    fits = pattern in (LABEL_PATTERN, DOMAIN_PATTERN) and re.fullmatch(pattern, better)
    return f"{shown(value)} {what}", f"{way}: {better}" if fits else way


def _choice(error: ErrorDetails) -> Words:
    expected = error["ctx"]["expected"]
    near = nearest(str(error["input"]), re.findall(r"'([^']*)'", expected))
    allowed = f"use {expected}"
    return f"{shown(error['input'])} is not known", f"did you mean {near}? ({allowed})" if near else allowed


_RANGES: Final = (("sshFrom",), ("apiFrom",), ("nodePortsFrom",))
"""Lists of ranges."""


def _address_or_range(error: ErrorDetails) -> Words:
    """Both arrive as value errors of the ipaddress module; which was meant shows in the value and in its words."""
    value = str(error["input"])
    if "host bits" in error["msg"]:
        return f"{shown(value)} begins amid a range", f"write {IPv4Network(value, strict=False)}"
    if ":" in value:
        return f"{shown(value)} looks like IPv6", "only IPv4 is supported"
    if error["loc"][-1] in ("machines", "pods", "services", "podRange") or error["loc"][-2:-1] in _RANGES:
        return f"{shown(value)} is no IPv4 range", "write it as 10.0.0.0/24"
    return f"{shown(value)} is no IPv4 address", "write it as 10.0.0.10"


def _bound(sign: str, name: str) -> Callable[[ErrorDetails], Words]:
    def words(error: ErrorDetails) -> Words:
        return f"{error['input']} is out of bounds", f"it must be {sign} {error['ctx'][name]}"

    return words


def _too_long(error: ErrorDetails) -> Words:
    return f"{shown(error['input'])} is too long", f"at most {error['ctx']['max_length']} characters"


def _mapping(error: ErrorDetails) -> Words:
    known = keys_at(tuple(part for part in error["loc"]))
    way = f"with keys such as {listed(known[:3])}" if known else "one `name: value` a line"
    return f"{_named(error['input'])} stands where a mapping is wanted", way


def _list(error: ErrorDetails) -> Words:
    return f"{_named(error['input'])} stands where a list is wanted", "begin each item with a hyphen"


def _empty_list(error: ErrorDetails) -> Words:
    return "the list is empty", "give at least one item, or leave the key out"


_BY_TYPE: Final[Mapping[str, Callable[[ErrorDetails], Words]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_type": _string,
    "int_type": _whole_number,
    "int_from_float": _whole_number,
    "int_parsing": _whole_number,
    "int_parsing_size": _whole_number,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _too_long,
    "literal_error": _choice,
    "enum": _choice,
    "value_error": _address_or_range,
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "model_type": _mapping,
    "dict_type": _mapping,
    "tuple_type": _list,
    "too_short": _empty_list,
}


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that are known in the mapping at this path; none where it takes any, or is no mapping."""
    model: type[BaseModel] | None = Cluster
    for part in path:
        if isinstance(part, int):
            continue
        model = _fields(model).get(part) if model else None
    return tuple(_fields(model)) if model else ()


def _fields(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Each key of a model, as in YAML, with the model that stands there or in the items of its list."""
    return {field.alias or name: _model_in(field.annotation) for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) not in (tuple, Union, UnionType):
        return None
    inner = (_model_in(each) for each in get_args(annotation) if each not in (NoneType, Ellipsis))
    return next((model for model in inner if model), None)


def key_paths(model: type[BaseModel] = Cluster, above: Path = ()) -> Iterator[Path]:
    """The path of every key of the spec, without the numbers of list items."""
    for key, inner in _fields(model).items():
        yield (*above, key)
        if inner:
            yield from key_paths(inner, (*above, key))
