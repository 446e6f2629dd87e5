"""The door to other programs: lines as they come, an environment that is said in full, nothing left when cancelled."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hardway.sources.command import KEPT_LINES, run


async def test_lines_come_as_they_are_written_and_the_last_are_kept() -> None:
    lines: list[str] = []
    script = f"i=0; while [ $i -lt {KEPT_LINES + 5} ]; do echo line $i; i=$((i+1)); done; echo end >&2; exit 3"
    outcome = await run(["/bin/sh", "-c", script], environment={}, on_line=lines.append)
    assert outcome.exit_code == 3
    assert lines[0] == "line 0"
    assert len(lines) == KEPT_LINES + 6
    assert outcome.output.splitlines() == lines[-KEPT_LINES:]


async def test_a_line_without_an_end_is_kept() -> None:
    outcome = await run(["/bin/sh", "-c", "printf half"], environment={})
    assert outcome.output == "half"


async def test_only_the_environment_that_was_said_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    outcome = await run(["/usr/bin/env"], environment={"A": "b"})
    assert outcome.output.splitlines() == ["A=b"]


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        await run(["/no/such/program"], environment={})


async def test_cancelling_ends_the_program_and_its_children(tmp_path: Path) -> None:
    started = asyncio.Event()
    pids: list[int] = []

    def line(text: str) -> None:
        pids.extend(map(int, text.split()))
        started.set()

    script = "sleep 100 & echo $$ $!; wait"
    task = asyncio.create_task(run(["/bin/sh", "-c", script], environment={"PATH": os.environ["PATH"]}, on_line=line))
    await asyncio.wait_for(started.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(pids) == 2
    # Other processes: there is no event to wait for.
    async with asyncio.timeout(20):
        while any(_runs(pid) for pid in pids):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
