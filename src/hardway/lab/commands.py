"""Runs programs of this computer for the lab: the room's only door to `subprocess`."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hardway.lab.faults import LabFault

PIPES_CLOSE_WITHIN = 2.0
"""Seconds after a killed program's end."""
EVIDENCE_LINES = 15
"""How many last lines of a failed program are shown."""


async def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    within: float = 60.0,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program and answer its output (both streams, as one text).

    `on_line` is called with each line as it comes; `within` is in seconds. Raises LabFault when it fails or takes
    longer. Cancelled or late, the program and its children are killed.
    """
    process = await _spawn(argv, environment)
    lines: list[str] = []
    try:
        async with asyncio.timeout(within):
            await _converse(process, stdin, lines, on_line)
    except TimeoutError:
        raise _fault(argv, f"took longer than {within:g} s", lines) from None
    finally:
        await _end(process)
    if process.returncode:
        raise _fault(argv, f"ended with status {process.returncode}", lines)
    return "".join(line + "\n" for line in lines)


async def succeeds(argv: Sequence[str], *, within: float = 60.0) -> bool:
    """Whether the program ends with status 0."""
    try:
        await run(argv, within=within)
    except LabFault:
        return False
    return True


def launch(
    script: str,
    *,
    output: Path,
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> None:
    """Run a shell script that leaves something behind (setsid(1)) and ends at once; `output` is appended to."""
    with output.open("ab") as log:
        done = subprocess.run(
            ("sh", "-c", script),
            stdin=stdin,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            cwd="/",
            check=False,
        )
    if done.returncode:
        tail = output.read_text(errors="replace").splitlines()[-EVIDENCE_LINES:]
        raise LabFault(f"cannot be started (status {done.returncode}), see {output}", "\n".join(tail))


async def _spawn(argv: Sequence[str], environment: Mapping[str, str] | None) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            start_new_session=True,
            limit=1 << 20,
        )
    except OSError as error:
        raise LabFault(
            f"{argv[0]} cannot be run: {error.strerror}", advice="`hardway lab doctor` names what is missing"
        ) from error


async def _converse(
    process: asyncio.subprocess.Process, stdin: str, lines: list[str], on_line: Callable[[str], None] | None
) -> None:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("started with pipes")
    process.stdin.write(stdin.encode())
    process.stdin.close()
    async for raw in process.stdout:
        lines.append(raw.decode(errors="replace").rstrip("\n"))
        if on_line is not None:
            on_line(lines[-1])
    await process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # asyncio's wait is over only when its pipes are closed too, and something that left the group may hold them.
    with suppress(TimeoutError):
        async with asyncio.timeout(PIPES_CLOSE_WITHIN):
            await process.wait()


def _fault(argv: Sequence[str], how: str, lines: Sequence[str]) -> LabFault:
    return LabFault(f"{shlex.join(argv)} {how}", "\n".join(deque(lines, EVIDENCE_LINES)))


async def in_foreground(argv: Sequence[str]) -> int:
    """Run a program with this process's own streams and terminal; answers its exit status."""
    process = await asyncio.create_subprocess_exec(*argv)
    return await process.wait()
