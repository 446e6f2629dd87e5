"""A compose file against the Compose Specification's JSON schema, in words, each fault at its own place. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hardway.compose.faults import Collector
from hardway.compose.tree import Path, Table, at, plain
from hardway.spec.faults import listed, nearest, shown

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

Schema = dict[str, Any]


@cache
def schema() -> Schema:
    """The specification's schema, `allOf` written out: else one wrong value makes its whole service "unevaluated"."""
    text = files("hardway.compose").joinpath("schema/compose-spec.json").read_text(encoding="utf-8")
    whole: Schema = json.loads(text)
    for name in ("service", "job"):
        whole["$defs"][name] = _flat(whole["$defs"][name], whole)
    return whole


def _flat(model: Schema, whole: Schema) -> Schema:
    parts = [whole["$defs"][part["$ref"].removeprefix("#/$defs/")] for part in model["allOf"]]
    properties = {key: value for part in (*parts, model) for key, value in part.get("properties", {}).items()}
    rest = {key: value for key, value in model.items() if key not in ("allOf", "unevaluatedProperties")}
    return {
        **rest,
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def check_shape(tree: Table, faults: Collector) -> None:
    """Adds a fault for everything that the schema does not allow."""
    for error in _validator().iter_errors(plain(tree)):
        _tell(_innermost(error), tree, faults)


def _innermost(error: ValidationError) -> ValidationError:
    """Of a choice between forms, what is wrong with the form that was meant: the one whose fault lies deepest, or the
    one of the right type."""
    while error.validator in ("oneOf", "anyOf") and error.context:
        fitting = [one for one in error.context if one.validator != "type" or len(one.relative_path) > 0]
        if not fitting:
            break
        error = max(fitting, key=lambda one: len(one.relative_path))
    return error


def _tell(error: ValidationError, tree: Table, faults: Collector) -> None:
    path: Path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        for key in _unknown(error):
            faults.add(at(tree, (*path, key))[0], (*path, key), *_unknown_key(key, _model(error).get("properties", {})))
        return
    key_place, value_place = at(tree, path)
    scalar_fault = error.validator in ("type", "enum", "pattern", "minimum", "maximum", "oneOf")
    faults.add(value_place if scalar_fault else key_place, path, *_worded(error))


def _unknown(error: ValidationError) -> Iterator[str]:
    model = _model(error)
    patterns = model.get("patternProperties", {})
    instance: Any = error.instance
    for key in instance:
        if key not in model.get("properties", {}) and not any(re.search(each, key) for each in patterns):
            yield key


def _model(error: ValidationError) -> Schema:
    """The schema that was not met."""
    model: Any = error.schema
    return model if isinstance(model, dict) else {}


def _unknown_key(key: str, known: Mapping[str, Any]) -> tuple[str, str]:
    if not known:
        return f"{shown(key)} is no allowed name", "letters, digits, dots, hyphens and underscores"
    near = nearest(key, known)
    return "there is no such key", f"did you mean {near}?" if near else f"known here: {', '.join(sorted(known)[:12])}"


_TYPES: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def _worded(error: ValidationError) -> tuple[str, str]:
    value: Any = error.validator_value
    instance: Any = error.instance
    if error.validator == "type":
        names = [value] if isinstance(value, str) else value
        return f"is {_kind(error.instance)}, and must be {listed(_TYPES[name] for name in names)}", _quote(error, names)
    if error.validator in ("oneOf", "anyOf"):
        return f"{_kind(error.instance)} is no form that is allowed here", _forms(error)
    if error.validator == "enum":
        return f"is {shown(error.instance)}", f"one of {listed(map(str, value))}"
    if error.validator == "required":
        missing = [key for key in value if key not in instance]
        return f"{listed(missing, 'and')} must be given", ""
    if error.validator == "uniqueItems":
        return "holds something twice", "keep one"
    if error.validator == "pattern":
        return f"{shown(error.instance)} is not of the form that is allowed", f"the pattern is {value}"
    return error.message[:200], ""


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    what = names[type(value)]
    return f"{what} ({shown(value)})" if isinstance(value, int | float | str) else what


def _quote(error: ValidationError, names: list[str]) -> str:
    is_scalar = isinstance(error.instance, bool | int | float)
    return "put it in quotes" if "string" in names and is_scalar else ""


def _forms(error: ValidationError) -> str:
    kinds: list[str] = []
    for one in error.context or ():
        value: Any = one.validator_value if one.validator == "type" else []
        kinds.extend(_TYPES[name] for name in ([value] if isinstance(value, str) else value))
    return f"give {listed(dict.fromkeys(kinds))}" if kinds else ""
