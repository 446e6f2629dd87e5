"""`hardway volumes` as it is typed: what it prints and answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hardway.cli.doors import Report
from hardway.operations.world import World
from hardway.volumes.archive import Description
from hardway.volumes.faults import VolumeFault
from hardway.volumes.listing import Volume
from hardway.volumes.operations import Saved
from tests.cli.house import House

DATA = Volume("shop", "data", "pvc-1", "1Gi", "local", "Bound", "w0", "/var/lib/hardway-volumes/pvc-1", ("web",), True)
DESCRIPTION = Description("demo", "shop", "data", "1Gi", "w0", "2026-01-01T10:00:00+00:00", True, 3, "a" * 64, "b" * 64)


class OneVolume:
    """A cluster with one volume, which a pod uses."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def ls(self, world: World) -> Sequence[Volume]:
        return (DATA,)

    async def backup(self, world: World, name: str, folder: Path, *, live: bool, report: Report) -> Saved:
        self.asked.append((name, folder, live))
        report("shop/data", "1.0 MB")
        if not live:
            raise VolumeFault("shop/data is in use by web", advice="stop it", bad_input=True)
        return Saved(folder / "copy.tar.gz", replace(DESCRIPTION, consistent=False), 1000)

    async def restore(
        self, world: World, archive: Path, name: str | None, *, node: str | None, replace: bool, report: Report
    ) -> Volume:
        self.asked.append((archive, name, node, replace))
        return DATA


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    return House(tmp_path, volumes=OneVolume())


def test_ls(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("volumes", "ls") == 0
    told = capsys.readouterr().out.splitlines()[1].split()
    assert told == ["shop/data", "1Gi", "local", "Bound", "w0", "/var/lib/hardway-volumes/pvc-1", "web"]
    assert house.run("volumes", "ls", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["pods"] == ["web"]


def test_backup(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("volumes", "backup", "data") == 2
    assert "in use by web" in capsys.readouterr().err
    assert house.run("volumes", "backup", "data", "--live", "--to", "copies") == 0
    assert "copies/copy.tar.gz has it: 3 files; pods were writing to it meanwhile" in capsys.readouterr().err
    assert house.run("volumes", "backup", "data", "--live", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["description"]["consistent"] is False


def test_restore(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("volumes", "restore", "missing.tar.gz") == 2
    Path("copy.tar.gz").touch()
    assert house.run("volumes", "restore", "copy.tar.gz", "other/data", "--node", "w1", "--replace") == 0
    assert isinstance(house.volumes, OneVolume)
    assert house.volumes.asked == [(Path("copy.tar.gz"), "other/data", "w1", True)]
    assert "shop/data has it, on w0" in capsys.readouterr().err
