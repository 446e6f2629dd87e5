"""Ctrl-C: the first ends what has begun, the second drops it; a person who is asked may also say no."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from tests.cli.house import KEY, House


def test_the_first_signal_ends_what_has_begun(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    async def act(step: Step, context: Context) -> None:
        if step.id == KEY.id:
            os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.05)
        ended.append(step.id)

    house.operations.act = act
    assert house.run("up", "--yes") == 1
    told = capsys.readouterr().err
    assert "press Ctrl-C again to drop it" in told
    assert "1 step not begun" in told
    assert "`hardway up` looks at the world again and goes on" in told
    assert len(ended) == 2


def test_the_second_signal_drops_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    async def act(step: Step, context: Context) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
        await asyncio.sleep(60)
        ended.append(step.id)

    house.operations.act = act
    assert house.run("up", "--yes") == 1
    told = capsys.readouterr().err
    assert "dropped as you asked" in told
    assert "`hardway up` looks at the world again and goes on" in told
    assert ended == []


def test_an_interrupt_of_what_changes_nothing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.operations.fault = KeyboardInterrupt()
    assert house.run("plan") == 1
    assert "interrupted" in capsys.readouterr().err


def on_a_terminal(answer: bytes, state: Path) -> tuple[int, str]:
    """`hardway up` on a terminal of its own, answered once it asks."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "tests.cli.house", str(state), "up"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(root)}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=root, env=environment) as process:
        os.close(theirs)
        told = _until(ours, b"[y/N]")
        os.write(ours, answer)
        told += _until(ours, None)
        code = process.wait()
    os.close(ours)
    return code, told.decode()


def _until(terminal: int, mark: bytes | None) -> bytes:
    told = b""
    while mark is None or mark not in told:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # EIO: the other side has closed
            break
        if not chunk:
            break
        told += chunk
    return told


def test_who_says_yes_sees_it_done(tmp_path: Path) -> None:
    code, told = on_a_terminal(b"y\n", tmp_path)
    assert code == 0, told
    assert "2/2" in told
    assert "https://127.0.0.1:40000" in told


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04", b"yes please\n"])
def test_who_says_anything_else_has_nothing_changed(answer: bytes, tmp_path: Path) -> None:
    code, told = on_a_terminal(answer, tmp_path)
    assert code == 1
    assert "nothing was changed" in told


def test_ctrl_c_while_being_asked_is_no(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "tests.cli.house", str(state), "up"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=root) as process:
        os.close(theirs)
        _until(ours, b"[y/N]")
        process.send_signal(signal.SIGINT)
        told = _until(ours, None).decode()
        assert process.wait() == 1
    os.close(ours)
    assert "interrupted" in told
    assert "2/2" not in told
