"""The sources' one door to other programs (compilers, pip): runs one, hands on its lines, kills it when cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT_LINES = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    exit_code: int
    output: str
    """Its last lines, standard output and error together."""


async def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    on_line: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Run a program with exactly this environment to its end. Raises FileNotFoundError where there is none."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        output = await _read(process, on_line)
        return Outcome(await process.wait(), output)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _read(process: Process, on_line: Callable[[str], None]) -> str:
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    assert process.stdout is not None
    rest = b""
    while chunk := await process.stdout.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            kept.append(text)
            on_line(text)
    if rest:
        kept.append(rest.decode(errors="replace"))
    return "\n".join(kept)
