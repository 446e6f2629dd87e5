"""Help: every verb has one with an example and -f, and asking for it loads nothing heavy."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.house import House

CLOUD_VERBS = ("up", "status", "down", "openrc", "openstack", "logs")
VERBS = [
    *("init", "schema", "plan", "up", "verify", "status", "kubectl", "kubeconfig", "render", "down", "journal"),
    "binaries",
    *(f"volumes {verb}" for verb in ("ls", "backup", "restore")),
    *(f"workstation {verb}" for verb in ("init", "plan", "apply", "undo", "show")),
    *(f"compose {verb}" for verb in ("config", "convert", "plan", "up", "down", "ps", "logs", "exec")),
    *(f"cloud {verb}" for verb in CLOUD_VERBS),
    *(f"fargate {verb}" for verb in ("run", "doctor", "ps")),
    *(f"fargate local {verb}" for verb in ("up", "status", "config", "down")),
    *(f"lab {verb}" for verb in ("up", "down", "status", "exec", "shell", "kill", "start", "doctor")),
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_and_names_what_it_is_about(
    verb: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert house.run(*verb.split(), "--help") == 0
    told = capsys.readouterr().out
    assert "Examples:" in told
    assert f"hardway {verb}" in told.split("Examples:")[1]
    assert about(verb) in told


def about(verb: str) -> str:
    """The option that names what a verb is about."""
    if verb.startswith(("cloud ", "fargate local ")):
        return "--name"
    if verb == "workstation undo":
        return "--yes"
    return "--config" if verb.startswith("fargate ") else "--file"


def test_the_first_page_names_every_verb(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("--help") == 0
    told = capsys.readouterr().out
    assert [verb for verb in VERBS if verb.split()[0] not in told] == []
    assert "hardway up" in told.split("Examples:")[1]


def test_help_loads_nothing_heavy() -> None:
    heavy = (
        "asyncssh",
        "aiohttp",
        "boto3",
        "pydantic",
        "cryptography",
        "lightkube",
        "httpx",
        "sqlite3",
        "yaml",
        "openstack",
    )
    program = (
        "import sys; from hardway.app import main; sys.argv = ['hardway', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "hardway" in ended.stdout
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("hardway", "ver"), "verify"),
        (("hardway", "lab", "ki"), "kill"),
        (("hardway", "up", "--fi"), "--file"),
        (("hardway", "plan", "-o", ""), "table json"),
        (("hardway", "no-such"), ""),
    ],
)
def test_bash_completes(words: tuple[str, ...], offered: str) -> None:
    """A real bash with what `--show-completion` gives it, asked as readline asks."""
    asked = f"""eval "$(_HARDWAY_COMPLETE=source_bash hardway)" || exit
COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _hardway_completion hardway; echo "${{COMPREPLY[*]}}"
complete -p hardway >&2"""
    here = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ended = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, env=here)
    assert ended.stdout.split() == offered.split()
    assert "-F _hardway_completion hardway" in ended.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_too(shell: str) -> None:
    program = Path(sys.executable).with_name("hardway")
    here = {**os.environ, "_HARDWAY_COMPLETE": f"source_{shell}"}
    ended = subprocess.run([program], capture_output=True, text=True, check=True, env=here)
    assert f"complete_{shell}" in ended.stdout


def test_version(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("--version") == 0
    assert capsys.readouterr().out.startswith("hardway 0.")


@pytest.mark.parametrize(
    "argv", [("fly",), ("plan", "--fly"), ("plan", "-o", "xml"), ("lab", "kill"), ("up", "no.json")]
)
def test_what_cannot_be_understood_is_bad_input(
    argv: tuple[str, ...], house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert house.run(*argv) == 2
    assert "--help" in capsys.readouterr().err
    assert house.opened == []
