"""The JSON schema for editors and the reference in docs/: valid, in step with the model, taking what parse takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from hardway.spec.owned_flags import OWNED_FLAGS
from hardway.spec.schema import reference, schema, schema_text
from hardway.spec.template import template
from hardway.spec.wording import key_paths
from tests.spec.faults_of import field

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_the_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads(schema_text()) == schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_schema_takes_the_examples(path: Path) -> None:
    Draft202012Validator(schema()).validate(yaml.safe_load(path.read_text()))


def test_there_are_examples() -> None:
    assert {"lab.yaml", "small.yaml"} <= {path.name for path in EXAMPLES}


def test_the_schema_takes_the_template_and_the_least_spec() -> None:
    for text in (template("c"), "name: c\n", field("flags.kubelet.v", "2")):
        Draft202012Validator(schema()).validate(yaml.safe_load(text))


WRONG = ("{}", "name: My\n", "name: c\nother: 1\n", field("api.port", "0"), field("proxy.mode", "x"))


@pytest.mark.parametrize("text", WRONG)
def test_the_schema_refuses_what_an_editor_should_mark(text: str) -> None:
    assert not Draft202012Validator(schema()).is_valid(yaml.safe_load(text))


def _properties(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every object, with its schema."""
    for name, definition in {"Cluster": part, **part["$defs"]}.items():
        for key, value in definition.get("properties", {}).items():
            yield f"{name}.{key}", value


def test_every_field_has_a_description() -> None:
    whole = schema()
    assert [key for key, value in _properties(whole) if not _description(value, whole)] == []


def _description(value: dict[str, Any], whole: dict[str, Any]) -> str | None:
    """Its own, else that of the object that stands there."""
    target = whole["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
    text: str | None = value.get("description") or target.get("description")
    return text


def test_the_reference_in_docs_is_what_the_model_says() -> None:
    """To write it anew: python -c "from hardway.spec.schema import reference; print(reference(), end='')"."""
    assert (ROOT / "docs" / "spec.md").read_text() == reference()


def test_the_reference_names_every_key_and_every_owned_flag() -> None:
    text = reference()
    assert [path for path in key_paths() if f"| `{path[-1]}` |" not in text] == []
    assert [flag for flags in OWNED_FLAGS.values() for flag in flags if f"`--{flag}`" not in text] == []
