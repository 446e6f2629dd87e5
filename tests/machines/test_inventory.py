"""The machine's own record of what is ours: what is written is read back, and a torn line harms nothing."""

from __future__ import annotations

import subprocess
from shlex import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardway.machines.inventory import Entry, gone, made, parse

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(kind=text, name=text, attributes=st.dictionaries(text, st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_name_and_value_is_read_back(kind: str, name: str, attributes: dict[str, str]) -> None:
    line = made(kind, name, attributes)
    assert "\n" not in line
    assert parse(line) == {(kind, name): Entry(kind, name, attributes)}


@pytest.mark.parametrize(
    ("lines", "owned"),
    [
        ([], {}),
        ([made("file", "/a", {})], {"/a": {}}),
        ([made("file", "/a", {"was": "x"}), made("file", "/a", {"b": "c"})], {"/a": {"was": "x", "b": "c"}}),
        ([made("file", "/a", {"was": "x"}), gone("file", "/a")], {}),
        ([made("file", "/a", {"was": "x"}), gone("file", "/a"), made("file", "/a", {})], {"/a": {}}),
        ([gone("file", "/never")], {}),
        (["+ file /torn ch", made("file", "/b", {})], {"/b": {}}),
        (["+ fi", "", "nonsense", "* file /x"], {}),
    ],
)
def test_later_lines_add_to_earlier_ones(lines: list[str], owned: dict[str, dict[str, str]]) -> None:
    assert {name: dict(entry.attributes) for (_, name), entry in parse("\n".join(lines)).items()} == owned


@given(name=text.filter(lambda name: "\0" not in name))
def test_a_line_is_safe_within_a_shells_quotes(name: str) -> None:
    line = made("file", name, {"was": name})
    assert quote(line).strip("'") == line


def test_a_shell_writes_the_line_as_it_is() -> None:
    line = made("file", "/it's $HOME `id`\n", {"was": '"\\'})
    said = subprocess.run(["/bin/sh"], input=f'printf %s "{line}"'.encode(), capture_output=True, check=True)
    assert said.stdout.decode() == line
