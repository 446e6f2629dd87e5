"""`hardway compose` as a user meets it: what is printed, exit codes, files written, and nothing else touched."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml

from tests.cli.house import House

GOOD = """\
services:
  web:
    image: "nginx:${TAG:-1}"
    ports: ["80:80"]
    labels: {a: b}
  db:
    image: mysql:8
    environment: {MYSQL_ROOT_PASSWORD: hidden}
"""
BAD = "services: {web: {imag: x, tty: [1]}}\n"
REFUSED = "services: {db: {image: mysql, volumes: ['./data:/var/lib/mysql']}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TAG", raising=False)
    return folder


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_config_prints_what_can_be_read_again(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", "config") == 0
    out = capsys.readouterr().out
    assert '    image: "nginx:1"  # compose.yaml:3:5' in out.splitlines()
    assert yaml.safe_load(out)["name"] == "shop"


def test_config_as_json_has_origins(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", "config", "-o", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["origins"]["services.db.image"] == "compose.yaml:7:5"


def test_all_faults_at_once_with_their_places(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yaml").write_text(BAD)
    assert house.run("compose", "config") == 2
    err = capsys.readouterr().err
    assert "2 faults" in err
    assert "compose.yaml:1:18: services.web.imag: there is no such key — did you mean image?" in err


@pytest.mark.parametrize("arguments", [("config", "--strict"), ("convert", "--to", "out"), ("plan",), ("up", "--yes")])
def test_a_database_on_a_bind_mount_is_refused_before_anything_is_touched(
    folder: Path, house: House, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    (folder / "compose.yaml").write_text(REFUSED)
    assert house.run("compose", *arguments) == 2
    err = capsys.readouterr().err
    assert "MySQL or MariaDB keeps its data here" in err and "1. a named volume" in err
    assert [path.name for path in folder.iterdir()] == ["compose.yaml"]
    assert house.opened == []


def test_config_alone_resolves_what_a_cluster_would_refuse(folder: Path, house: House) -> None:
    (folder / "compose.yaml").write_text(REFUSED)
    assert house.run("compose", "config") == 0


def test_convert_writes_objects_for_their_owner_alone(
    folder: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", "convert", "--to", "out") == 0
    told = capsys.readouterr()
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names[0] == "001-namespace-shop.yaml"
    assert names[-1] == "007-deployment-db.yaml"
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (folder / "out").iterdir())
    assert "harmless: services.web.labels" in told.err
    assert "hidden" not in told.out + told.err
    assert house.run("compose", "convert", "--to", "out") == 2
    assert "is not empty" in capsys.readouterr().err


def test_convert_as_json_has_what_became_of_each_part(
    folder: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", "convert", "--to", "out", "-o", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["kind"] for one in found["diagnostics"]} == {"harmless", "mapped"}
    assert len(found["files"]) == 7


def test_files_profiles_and_variables_are_given(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yaml").write_text("services: {web: {image: 'a:${TAG}'}, tool: {image: t, profiles: [debug]}}")
    (folder / "b.yaml").write_text("services: {web: {tty: true}}")
    (folder / "tag.env").write_text("TAG=9\n")
    options = ("-f", "a.yaml", "-f", "b.yaml", "--env-file", "tag.env", "--profile", "debug", "-p", "mine")
    assert house.run("compose", "config", *options, "-o", "json") == 0
    project = json.loads(capsys.readouterr().out)["project"]
    assert project["name"] == "mine"
    assert project["services"]["web"] == {"image": "a:9", "tty": True}
    assert set(project["services"]) == {"web", "tool"}


def test_no_compose_file(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("compose", "config") == 2
    assert "there is no compose file here nor above" in capsys.readouterr().err


@pytest.mark.parametrize(
    "verb", [("plan",), ("up", "--yes"), ("down", "--yes"), ("ps",), ("logs",), ("exec", "web", "--", "id")]
)
def test_without_a_cluster_it_says_so(
    folder: Path, house: House, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", *verb) == 2
    assert "there is no cluster demo yet" in capsys.readouterr().err


def test_a_service_that_is_not_there(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yaml").write_text(GOOD)
    assert house.run("compose", "logs", "wbe") == 2
    assert "there is no service 'wbe': did you mean web?" in capsys.readouterr().err


def test_a_name_alone_that_is_none(folder: Path, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("compose", "down", "--yes", "-p", "../x") == 2
    assert "is no project's name" in capsys.readouterr().err
