"""`hardway images`: what it hands on, what it prints, and its exit codes."""

from __future__ import annotations

import json

import pytest

from hardway.images.faults import ImageFault
from tests.cli.house import House


def test_what_is_wished_is_handed_on(house: House) -> None:
    assert house.run("images", "build", "nginx", "./site", "--fresh") == 0
    assert house.run("images", "push", "-f", "lab.yaml", "--exact", "nginx:1.26") == 0
    assert house.run("images", "rm", "nginx") == 0
    assert house.images.calls == [
        ("build", "nginx", "./site", False, True),
        ("push", "lab.yaml", "nginx:1.26", True),
        ("remove", "nginx"),
    ]


def test_people_see_what_there_is(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("images", "ls") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "nginx built 1.26.3, 1.26, latest Debian trixie 70.0 sha256:abababababab"
    assert lines[2] == "mysql not built the MySQL server Debian sid"


def test_programs_see_the_packages_too(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("images", "ls", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["packages"] == ["nginx=1.26.3-3"]


@pytest.mark.parametrize("verb", ["build", "push"])
def test_a_substitute_is_told(verb: str, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("images", verb, "nginx:1.15-alpine") == 0
    told = capsys.readouterr()
    assert "note: nginx:1.15-alpine is not made here" in told.err
    assert "note" not in told.out


def test_what_was_pushed_is_shown(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("images", "push", "nginx") == 0
    assert "docker.io/library/nginx:1.26" in capsys.readouterr().out
    assert house.run("images", "push", "nginx:1.15-alpine", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pushed"][0]["image"] == "docker.io/library/nginx:1.26"
    assert told["notes"] == ["nginx:1.15-alpine is not made here"]


@pytest.mark.parametrize(("bad_input", "code"), [(True, 2), (False, 1)])
def test_a_fault_is_told_with_its_way_out(
    bad_input: bool, code: int, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.images.fault = ImageFault("foo is not in the catalogue", advice="It has nginx.", bad_input=bad_input)
    assert house.run("images", "build", "foo") == code
    assert "way out: It has nginx." in capsys.readouterr().err


def test_nothing_wished_is_bad_input(house: House) -> None:
    assert house.run("images", "build") == 2
