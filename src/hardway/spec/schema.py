"""The spec's JSON schema for editors, and its reference in Markdown, both made of the model and the rules. Pure."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hardway.spec.addresses import POD_RANGE_PREFIX
from hardway.spec.dump import plain
from hardway.spec.fields import (
    DOMAIN_PATTERN,
    HOST_KEY_PATTERN,
    INTERFACE_PATTERN,
    LABEL_PATTERN,
    OBJECT_PATTERN,
    SUITE_PATTERN,
    URL_PATTERN,
    USER_PATTERN,
)
from hardway.spec.immutable import FIXED
from hardway.spec.model import Cluster
from hardway.spec.owned_flags import OWNED_FLAGS
from hardway.spec.rules import CAUTIONS, RULES

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The dialect that pydantic writes."""

_PATTERNS: Final[Mapping[str, str]] = {
    LABEL_PATTERN: "label (RFC 1123)",
    DOMAIN_PATTERN: "DNS name",
    INTERFACE_PATTERN: "interface name",
    URL_PATTERN: "URL",
    SUITE_PATTERN: "release name",
    HOST_KEY_PATTERN: "public SSH key",
    USER_PATTERN: "user name",
    OBJECT_PATTERN: "name or id",
}
_FORMATS: Final[Mapping[str, str]] = {"ipv4": "IPv4 address", "ipv4network": "IPv4 range"}


def schema() -> dict[str, Any]:
    """The JSON schema of cluster.yaml, with a description of every field."""
    return {"$schema": DIALECT, **Cluster.model_json_schema(by_alias=True, mode="validation")}


def schema_text() -> str:
    """The same as JSON text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def reference() -> str:
    """docs/spec.md: every field with type, default and meaning; the rules; what cannot change; whose the flags are."""
    whole = schema()
    sections = (_head(), _fields(whole), _rules(), _cautions(), _fixed(), _flags())
    return "\n".join(line for section in sections for line in section) + "\n"


def _head() -> Iterator[str]:
    yield "# cluster.yaml"
    yield ""
    yield "<!-- Made from the model by `hardway.spec.schema.reference()`; a test compares. Do not edit by hand. -->"
    yield ""
    yield "Only `name` must be given. `hardway init` writes a commented file with every default, `hardway schema` the"
    yield "JSON schema for editors. All faults are told at once, with line and column, before anything is touched."
    yield "The file is UTF-8, at most 512 KiB, holds one YAML document and no aliases."


def _fields(whole: Schema) -> Iterator[str]:
    defaults = plain(Cluster(name="unnamed"))
    defaults.pop("name")
    yield from _table("Cluster", whole, whole, defaults)
    for key, field in whole["properties"].items():
        model = _model(field, whole)
        if model:
            yield from _table(key, model, whole, defaults[key])
            yield from _items(key, model, whole)
            yield from _inner(key, model, whole)


def _items(above: str, model: Schema, whole: Schema) -> Iterator[str]:
    """The tables of what the lists of a section hold."""
    for key, field in model["properties"].items():
        item = next(
            (_model(each["items"], whole) for each in _branches(field) if "$ref" in each.get("items", {})), None
        )
        if item:
            yield from _table(f"{above}.{key}[]", item, whole, {})


def _inner(above: str, model: Schema, whole: Schema) -> Iterator[str]:
    """The tables of optional sections within a section."""
    for key, field in model["properties"].items():
        inner = next((found for each in _branches(field) if "$ref" in each and (found := _model(each, whole))), None)
        if inner:
            yield from _table(f"{above}.{key}", inner, whole, {})


def _table(title: str, model: Schema, whole: Schema, defaults: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {title}", "", _sentence(model["description"]), "")
    yield from ("| key | type | default | meaning |", "|---|---|---|---|")
    for key, field in model["properties"].items():
        default = "**required**" if key in model.get("required", ()) else _default(defaults.get(key))
        meaning = _sentence(field.get("description") or _resolved(field, whole).get("description", ""))
        yield f"| `{key}` | {_cell(_type(field, whole))} | {_cell(default)} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _default(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, dict):
        return "see below"
    if isinstance(value, list):
        return ", ".join(map(_item, value)) or "none"
    return f"`{value}`"


def _item(item: Any) -> str:
    return f"{item['name']} {item['address']}" if isinstance(item, dict) else str(item)


def _type(field: Schema, whole: Schema) -> str:
    kinds = [_single_type(each, whole) for each in _branches(field) if each.get("type") != "null"]
    return " or ".join(kinds)


def _branches(field: Schema) -> list[Schema]:
    branches: list[Schema] = field.get("anyOf", [field])
    return branches


def _single_type(field: Schema, whole: Schema) -> str:
    target = _resolved(field, whole)
    if "enum" in target or "const" in target:
        return ", ".join(f"`{each}`" for each in target.get("enum", [target.get("const")]))
    if target["type"] == "array":
        return f"list of {_single_type(target['items'], whole)}"
    if target["type"] == "object":
        return "mapping"
    if "minimum" in target:
        return f"{target['minimum']} to {target['maximum']}"
    pattern = _PATTERNS.get(target.get("pattern", ""), "text")
    return _FORMATS.get(target.get("format", ""), pattern)


def _resolved(field: Schema, whole: Schema) -> Schema:
    if "$ref" not in field:
        return field
    target: Schema = whole["$defs"][field["$ref"].rpartition("/")[2]]
    return target


def _model(field: Schema, whole: Schema) -> Schema | None:
    target = _resolved(field, whole)
    return target if "properties" in target else None


def _documented(things: Iterable[Any]) -> Iterator[str]:
    """Each function's docstring as an item of a list."""
    return (f"- {_sentence(inspect.getdoc(thing) or '')}" for thing in things)


def _rules() -> Iterator[str]:
    yield from ("", "## What must hold", "", *_documented(RULES))
    yield ""
    yield f"A worker's pod range is the /{POD_RANGE_PREFIX} of `networks.pods` numbered by the worker's host number in"
    yield "`networks.machines` (10.0.0.20 is number 20), so that it stays when other workers come and go."


def _cautions() -> Iterator[str]:
    yield from ("", "## What is allowed with a warning", "", *_documented(CAUTIONS))


def _fixed() -> Iterator[str]:
    yield from ("", "## What cannot change on a cluster that exists", "")
    yield from (f"- `{field.where}`: {field.reason}" for field in FIXED)
    yield "- `machines.masters`, by name and address: each is a member of etcd; changing its membership comes later"
    yield "- a worker's pod range: a Node's `spec.podCIDR` is immutable"
    yield "- a machine's role: take it out first, run `up`, then add it anew"


def _flags() -> Iterator[str]:
    yield from ("", "## Flags", "")
    yield "`flags` adds to a program's command line and overrides hardway's own choice, but for these, which other"
    yield "parts rely on:"
    for component, flags in OWNED_FLAGS.items():
        yield from ("", f"**{component}**", "")
        yield from (f"- `--{flag}`: {way}" for flag, way in flags.items())
