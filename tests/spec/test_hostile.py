"""YAML that nobody writes by accident: refused with its place, never carried out, never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hardway.spec.load import SpecFaults, load, parse
from hardway.spec.model import Cluster
from hardway.spec.template import template
from tests.spec.faults_of import faults_of

HOSTILE = {
    "name: &n c\ndomain: *n\n": "2:9: aliases (*name) are not taken — write the value out",
    "name: c\n---\nname: d\n": "2:1: a second document begins here (---) — one cluster a file",
    "name: !!python/object/apply:os.system [ls]\n": (
        "1:7: name: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed — remove it"
    ),
    "name: !x c\n": "1:7: name: the tag '!x' is not allowed — remove it",
    "name: !!binary aGk=\n": "1:7: name: the tag 'tag:yaml.org,2002:binary' is not allowed — remove it",
    "? [a]\n: b\nname: c\n": "1:3: a key must be plain text — write it as `key: value`",
    "": " is empty — begin with the output of `hardway init`",
    "# nothing\n": " is empty — begin with the output of `hardway init`",
    "- a\n": "1:1: a list stands where a mapping is wanted — with keys such as apiVersion, kind or name",
    "hello\n": "1:1: 'hello' stands where a mapping is wanted — with keys such as apiVersion, kind or name",
    "name: c\nnetworks:\n\tpods: x\n": (
        "3:1: not valid YAML: found character '\\t' that cannot start any token — indent with spaces, not with tabs"
    ),
    "name: c\0\n": "1:8: the character '\\x00' is not allowed — remove it",
    'name: "\\ud800"\n': "1:7: name: holds '\\ud800' — write plain text of one line",
    'name: "\\e[31m"\n': "1:7: name: holds '\\x1b' — write plain text of one line",
    "[" * 100_000: "1:25: nested deeper than 24 levels — the spec needs six",
    "name: c\n#" + "x" * 600_000: " larger than 512 KiB — no spec needs that much",
    f"name: c\napi:\n  port: {'9' * 50}\n": (
        "3:9: api.port: a number of so many digits — put it in quotes if it is text"
    ),
    "%YAML 9.1\n---\nname: c\n": (
        "1:1: not valid YAML: found incompatible YAML document (version 1.* is required)"
        " — check the lines just before, too"
    ),
}


@pytest.mark.parametrize(("text", "fault"), HOSTILE.items(), ids=[text[:30] for text in HOSTILE])
def test_hostile_yaml_is_refused_with_its_place(text: str, fault: str) -> None:
    assert faults_of(text) == [fault]


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert faults_of("name: c\n<<: {domain: a.b}\n")[0].startswith("2:1: ['<<']: unknown key")


FILES = {
    b"name: c\ndomain: \xe4\n": ":2:9: is not UTF-8 text — save the file as UTF-8",
    b"\xff\xfen\0a\0": ":1:1: is not UTF-8 text — save the file as UTF-8",
    b"name: c\n#" + "ä".encode() * 300_000: ": larger than 512 KiB — no spec needs that much",
}


@pytest.mark.parametrize(("content", "fault"), FILES.items(), ids=["latin-1", "utf-16", "multibyte, cut at the limit"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecFaults) as told:
        load(path)
    assert str(told.value) == f"{path}{fault}"


def test_a_file_that_is_not_there_is_told_with_the_way_to_one(tmp_path: Path) -> None:
    with pytest.raises(SpecFaults, match="there is no such file — write one with `hardway init`"):
        load(tmp_path / "none.yaml")


def test_a_directory_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecFaults, match="is a directory — name the file in it"):
        load(tmp_path)


def test_a_path_that_no_file_can_have_is_told() -> None:
    with pytest.raises(SpecFaults, match="cannot be read"):
        load(Path("a\0b"))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: c\n")
    assert load(path).name == "c"


def _parsed(text: str) -> Cluster | None:
    try:
        return parse(text)
    except SpecFaults as faults:
        assert faults.faults
        assert all(str(fault).isprintable() for fault in faults.faults)
        return None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_cluster_or_has_faults(text: str) -> None:
    _parsed(text)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates()
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
_TOP = st.sampled_from([*(field.alias or name for name, field in Cluster.model_fields.items()), "other"])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_TOP, _VALUES, max_size=6))
def test_any_values_at_the_spec_s_own_keys_are_a_cluster_or_have_faults(data: dict[str, object]) -> None:
    _parsed(yaml.safe_dump(data, allow_unicode=True))


_LINES = template("c").splitlines()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_LINES) - 1), st.sampled_from("drs"), st.text(max_size=8)), max_size=4))
def test_a_garbled_template_is_a_cluster_or_has_faults(changes: list[tuple[int, str, str]]) -> None:
    """Lines taken out, written twice, or with something at their end."""
    lines = [[line] for line in _LINES]
    for number, change, text in changes:
        lines[number] = {"d": [], "r": lines[number] * 2, "s": [*lines[number][:-1], _LINES[number] + text]}[change]
    _parsed("\n".join(line for group in lines for line in group) + "\n")
