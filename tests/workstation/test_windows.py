"""assoc and ftype of Windows' command interpreter, as Wine has it: set, shown, put back, whatever a path holds."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardway.workstation.command_interpreter import command_for
from hardway.workstation.handlers.windows import current_value
from tests.workstation.bench import Computer

pytestmark = pytest.mark.wine

CMD = ("wine", "cmd")
ODD = r"C:\Program Files\サクラ エディタ (x86)\a & b^c !d!'`;,=+\sakura.exe"
SETTINGS = {"WINEDEBUG": "-all", "WINEARCH": "win64", "WINEDLLOVERRIDES": "mscoree=;mshtml=", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def windows() -> Iterator[Path]:
    """A Windows of its own, ended and removed afterwards: it takes 700 MB."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        here = {**os.environ, **SETTINGS, "WINEPREFIX": f"{folder}/windows"}
        subprocess.run(["wine", "wineboot", "--init"], env=here, check=True, timeout=300, capture_output=True)
        subprocess.run(["wineserver", "--persistent"], env=here, check=True, timeout=60)
        yield Path(folder) / "windows"
        subprocess.run(["wineserver", "--kill"], env=here, check=False, timeout=60)
        subprocess.run(["wineserver", "--wait"], env=here, check=True, timeout=60)


@pytest.fixture
def computer(windows: Path, computer: Computer, monkeypatch: pytest.MonkeyPatch) -> Computer:
    for name, value in {**SETTINGS, "WINEPREFIX": str(windows)}.items():
        monkeypatch.setenv(name, value)
    return computer


def wants(computer: Computer, file_types: dict[str, str], extensions: dict[str, str]) -> None:
    windows = {"cmd": list(CMD), "fileTypes": file_types, "extensions": extensions}
    computer.wants(json.dumps({"programs": [], "completions": [], "windows": windows}))


async def test_what_opens_files_is_set_shown_and_put_back(computer: Computer) -> None:
    """The article's `ftype txtfile="..." "%1"`, and a type and an extension that were not there before."""
    names = (("ftype", "txtfile"), ("assoc", ".txt"), ("ftype", "hardway.test"), ("assoc", ".hwtest"))
    before = {name: await current_value(CMD, *name) for name in names}
    assert before["ftype", "hardway.test"] is before["assoc", ".hwtest"] is None
    wants(computer, {"txtfile": ODD, "hardway.test": r"D:\t.exe"}, {".txt": "hardway.test", ".hwtest": "hardway.test"})
    done = await computer.apply()
    assert done.steps == 4
    assert not await computer.plan()
    shown = {one.type: one.handler for one in (await computer.show(".ini")).handlers}
    assert shown == {
        "txtfile": f'"{ODD}" "%1"',
        "hardway.test": r'"D:\t.exe" "%1"',
        ".txt": "hardway.test",
        ".hwtest": "hardway.test",
        ".ini": "inifile",
    }
    await computer.undo()
    assert {name: await current_value(CMD, *name) for name in names} == before


async def test_what_was_chosen_since_stays(computer: Computer) -> None:
    wants(computer, {"hardway.other": r"D:\a.exe"}, {})
    await computer.apply()
    here = {**os.environ, "X": command_for(r"D:\theirs.exe")}
    subprocess.run(  # noqa: ASYNC221
        [*CMD, "/d", "/v:on", "/c", "ftype", "hardway.other=!X!"],
        env=here,
        check=True,
        timeout=120,
        capture_output=True,
    )
    wants(computer, {}, {})
    await computer.apply()
    assert await current_value(CMD, "ftype", "hardway.other") == r'"D:\theirs.exe" "%1"'


async def test_a_program_that_was_started_with_it_gets_the_file(computer: Computer) -> None:
    """A batch file in a folder with blanks opens a file of our extension: `start` looks the association up."""
    folder = Path(os.environ["WINEPREFIX"]) / "drive_c/A folder & more"
    folder.mkdir()
    (folder / "open.cmd").write_text("@echo off\r\necho %~nx1> C:\\opened.txt\r\n")
    wants(computer, {"hardway.open": r"C:\A folder & more\open.cmd"}, {".hwopen": "hardway.open"})
    await computer.apply()
    (folder / "the file.hwopen").write_text("x")
    start = ["wine", "start", "/wait", r"C:\A folder & more\the file.hwopen"]
    subprocess.run(start, check=False, timeout=120, capture_output=True)  # noqa: ASYNC221
    opened = folder.parent / "opened.txt"
    assert opened.read_text().strip() == "the file.hwopen"
