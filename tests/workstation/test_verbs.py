"""`hardway workstation` as it is typed: what it prints and answers, in a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hardway.spec.document import LARGEST
from hardway.workstation.keeping import kept
from tests.workstation.bench import Computer

HARDWAY = Path(sys.executable).with_name("hardway")


@pytest.fixture
def typed(computer: Computer) -> Typed:
    return Typed(computer)


class Typed:
    """Runs hardway in the computer's folder, off a terminal."""

    def __init__(self, computer: Computer) -> None:
        self.computer = computer
        self.out = self.err = ""

    def __call__(self, *argv: str) -> int:
        ended = subprocess.run(
            [HARDWAY, "workstation", *argv],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.computer.root,
            env={**os.environ, **self.computer.environment, "HARDWAY_CACHE": str(self.computer.root / "cache")},
        )
        self.out, self.err = ended.stdout, ended.stderr
        assert "Traceback" not in self.err
        return ended.returncode


def test_from_init_to_undo(typed: Typed) -> None:
    before = typed.computer.everything()
    assert typed("init", "w.yaml") == 0
    spec = typed.computer.root / "w.yaml"
    spec.write_text(spec.read_text().replace("[kubectl, hardway]", "[hardway]"))
    assert typed("plan", "-f", "w.yaml") == 3
    assert "+ link " in typed.out
    assert "2 to create, 0 to change, 0 to remove" in typed.out
    assert typed.computer.everything() == before
    assert typed("apply", "-f", "w.yaml", "--yes") == 0
    assert "this computer is as the spec says (2 steps" in typed.out
    assert typed("plan", "-f", "w.yaml") == 0
    assert typed("show", "-f", "w.yaml", "-o", "json") == 0
    assert {one["state"] for one in json.loads(typed.out)["things"]} == {"as wanted"}
    assert typed("undo", "-o", "json") == 2
    assert "--yes" in json.loads(typed.out)["error"]["wayOut"] + json.loads(typed.out)["error"]["what"]
    assert typed("undo", "--yes", "-o", "json") == 0
    assert json.loads(typed.out)["steps"] == 2
    assert typed.computer.everything() == before
    assert typed("undo", "--yes") == 0
    assert "nothing to do" in typed.out


def test_init_never_writes_over_a_file(typed: Typed) -> None:
    typed.computer.wants("mine")
    assert typed("init") == 2
    assert typed.computer.spec.read_text() == "mine"


def test_plan_as_json(typed: Typed) -> None:
    typed.computer.wants("programs: [hardway]\ncompletions: []\n")
    assert typed("plan", "-o", "json") == 3
    (step,) = json.loads(typed.out)["steps"]
    assert (step["kind"], step["action"]) == ("link", "create")
    assert "not on your PATH" in json.loads(typed.out)["cautions"][0]


@pytest.mark.parametrize("verb", ["plan", "apply", "show"])
def test_bad_input_is_2_with_its_place(verb: str, typed: Typed) -> None:
    typed.computer.wants("programs: [emacs]\nshells: [bash]\n")
    assert typed(verb) == 2
    assert "workstation.yaml:1:12: programs[0]: 'emacs' is not known" in typed.err
    assert "workstation.yaml:2:1: shells: unknown key" in typed.err


@pytest.mark.parametrize("content", [b"\xff", b"a: &x [*x]\n", b"a" * (LARGEST + 1), b"[" * 50, b"clusters: {}\n"])
def test_no_spec_however_strange_brings_more_than_a_fault(content: bytes, typed: Typed) -> None:
    typed.computer.spec.write_bytes(content)
    assert typed("plan") == 2


def test_a_cluster_s_own_faults_are_told_with_their_file(typed: Typed) -> None:
    typed.computer.wants("programs: []\ncompletions: []\nclusters: [{spec: cluster.yaml}]\n")
    assert typed("plan") == 2
    assert "cluster.yaml: there is no such file" in typed.err


def test_a_second_run_at_the_same_time_is_refused(typed: Typed) -> None:
    typed.computer.wants("programs: [hardway]\ncompletions: []\n")
    asyncio.run(typed.computer.apply())
    with kept(typed.computer.home / ".local/state/hardway/workstation", "apply", locked=True):
        assert typed("undo", "--yes") == 1
    assert "is in use by apply" in typed.err


def test_without_a_spec_show_names_what_was_asked_for(typed: Typed) -> None:
    assert typed("show", "text/plain", "-o", "json") == 0
    assert json.loads(typed.out) == {"things": [], "handlers": [{"type": "text/plain", "handler": "", "wanted": ""}]}
