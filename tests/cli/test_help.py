"""Help: every verb has one with an example and -f, and asking for it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.house import House

CLOUD_VERBS = ("up", "status", "down", "openrc", "openstack", "logs")
VERBS = [
    *("init", "schema", "plan", "up", "verify", "status", "kubectl", "kubeconfig", "render", "down", "journal"),
    "binaries",
    *(f"cloud {verb}" for verb in CLOUD_VERBS),
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
    assert ("--name" if verb.startswith("cloud ") else "--file") in told


def test_the_first_page_names_every_verb(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("--help") == 0
    told = capsys.readouterr().out
    assert [verb for verb in VERBS if verb.split()[0] not in told] == []
    assert "hardway up" in told.split("Examples:")[1]


def test_help_loads_nothing_heavy() -> None:
    heavy = ("asyncssh", "pydantic", "cryptography", "lightkube", "httpx", "sqlite3", "yaml")
    program = (
        "import sys; from hardway.app import main; sys.argv = ['hardway', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "hardway" in ended.stdout
    assert ended.stderr.strip() == "[]"


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
