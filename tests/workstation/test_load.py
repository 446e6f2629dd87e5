"""workstation.yaml: what it may say, and how every fault is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardway.spec.faults import SpecFaults
from hardway.workstation.load import load, parse
from hardway.workstation.model import Shell, Software, Workstation
from hardway.workstation.template import template


def faults_of(text: str) -> list[str]:
    try:
        parse(text, "f")
    except SpecFaults as faults:
        return [str(fault).removeprefix("f:") for fault in faults.faults]
    return []


def test_the_template_is_exactly_the_defaults() -> None:
    assert parse(template()) == Workstation()


def test_what_the_template_shows_in_comments_is_good() -> None:
    uncommented = "\n".join(_uncommented(line) for line in template().splitlines())
    made = parse(uncommented)
    assert made.clusters[0].spec == "cluster.yaml"
    assert made.associations == {"text/plain": "org.gnome.TextEditor.desktop"}
    assert made.windows.file_types == {"txtfile": r"C:\Program Files\Editor\editor.exe"}
    assert made.windows.extensions == {".txt": "txtfile"}


def _uncommented(line: str) -> str:
    """A commented line in force, and the key that it belongs to without its empty value."""
    return line.replace("#", " ", 1) if line.startswith("#  ") else re.sub(r"(: *)(\[\]|\{\})", r"\1", line)


def test_every_field() -> None:
    text = """
programs: [openstack]
completions: [zsh, fish]
bin: /opt/bin
clusters: [{spec: ../a.yaml, names: hosts}]
"""
    made = parse(text)
    assert made.programs == (Software.OPENSTACK,)
    assert made.completions == (Shell.ZSH, Shell.FISH)
    assert (made.bin, made.clusters[0].names) == ("/opt/bin", "hosts")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [" is empty — begin with the output of `hardway workstation init`"]),
        ("kind: Cluster\n", ["1:7: kind: 'Cluster' is not known — use 'Workstation'"]),
        ("program: [kubectl]\n", ["1:1: program: unknown key — did you mean programs?"]),
        ("windows: {files: {}}\n", ["1:11: windows.files: unknown key — did you mean fileTypes?"]),
        ("clusters: [{file: a}]\n", ["1:12: clusters[0].spec: is missing — add `spec:`"]),
        ("bin: bin\n", ["1:6: bin: 'bin' is no folder — begin it with / or ~"]),
        (
            "programs: [kubectl, kubectl]\n",
            ["1:21: programs[1]: kubectl is named twice — keep one"],
        ),
        (
            "associations:\n  Text/Plain: vim.desktop\n  text/html: /usr/vim.desktop\n",
            [
                "2:3: associations['Text/Plain']: 'Text/Plain' is no media type — "
                "write it in lower case, such as text/plain",
                "3:14: associations['text/html']: '/usr/vim.desktop' is no desktop file's name — "
                "write its name without a folder, such as vim.desktop",
            ],
        ),
        (
            'windows:\n  fileTypes:\n    "a b": C:\\x.exe\n    t: notepad\n    u: C:\\%A%\\x.exe\n',
            [
                "3:5: windows.fileTypes['a b']: 'a b' is no file type of Windows — write its name, such as txtfile",
                "4:8: windows.fileTypes.t: 'notepad' is no program's path on Windows — "
                "write it in full, without quotes and %, such as C:\\Program Files\\Editor\\editor.exe",
                "5:8: windows.fileTypes.u: 'C:\\\\%A%\\\\x.exe' is no program's path on Windows — "
                "write it in full, without quotes and %, such as C:\\Program Files\\Editor\\editor.exe",
            ],
        ),
        (
            "windows: {extensions: {.TXT: a, .txt: b, txt: c}}\n",
            ["1:42: windows.extensions.txt: 'txt' is no extension — begin it with a dot, such as .txt"],
        ),
        (
            "windows: {extensions: {.TXT: a, .txt: b}}\n",
            ["1:33: windows.extensions['.txt']: named twice: Windows takes no notice of case — keep one"],
        ),
        ("associations: [a]\n", ["1:1: associations: a mapping is wanted here — write one `key: value` a line"]),
        ("associations:\n", ["1:14: associations: is empty — give it a value, or leave the key out"]),
    ],
)
def test_faults(text: str, told: list[str]) -> None:
    found = faults_of(text)
    assert [line for line in found if "file: unknown key" not in line] == told


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecFaults, match="hardway workstation init"):
        load(tmp_path / "workstation.yaml")


HOSTILE = st.text(alphabet=st.sampled_from("abC:\\\"'%!&|<>^\n\t{}[],/.- 日\x00\x1b"), max_size=40)


@given(program=HOSTILE, name=HOSTILE)
def test_whatever_is_typed_no_quote_gets_through(program: str, name: str) -> None:
    text = json.dumps({"windows": {"fileTypes": {name: program}}})
    try:
        made = parse(text)
    except SpecFaults as faults:
        assert all(fault.what for fault in faults.faults)
        return
    for one, path in made.windows.file_types.items():
        assert not set('"<>|*?/%\n\r\x00') & set(path)
        assert one.replace("_", "").replace(".", "").replace("+", "").replace("-", "").isalnum()
