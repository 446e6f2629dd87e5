"""Runs programs of this computer for the workstation: the room's one door to other programs."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from hardway.workstation.faults import WorkstationFault

LAST_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    status: int
    output: bytes
    said: str
    """The last lines of its standard error."""


async def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    within: float = 60.0,
    advice: str = "",
) -> Outcome:
    """Run a program to its end, with this environment besides the user's own; `within` is in seconds.

    Raises WorkstationFault where it cannot be run, or takes longer; `advice` is what helps then.
    """
    # Files, and no pipes: what a program leaves running (Wine's services) holds them, and a pipe would not end.
    with TemporaryFile() as output, TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                stdin=DEVNULL,
                stdout=output,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise WorkstationFault(f"{argv[0]} cannot be run: {error.strerror}", advice=advice) from error
        status = await _ended(process, argv, within, advice)
        return Outcome(
            status, _whole(output), "\n".join(_whole(said).decode(errors="replace").splitlines()[-LAST_LINES:])
        )


async def _ended(process: Process, argv: Sequence[str], within: float, advice: str) -> int:
    """Its status. Late or cancelled, the program and its children are killed."""
    try:
        async with asyncio.timeout(within):
            return await process.wait()
    except TimeoutError:
        raise WorkstationFault(f"{shlex.join(argv)} took longer than {within:g} s", advice=advice) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def output_of(
    argv: Sequence[str], *, environment: Mapping[str, str] | None = None, within: float = 60.0, advice: str = ""
) -> bytes:
    """What a program prints. Raises WorkstationFault also where it fails."""
    outcome = await run(argv, environment=environment, within=within, advice=advice)
    if outcome.status:
        raise WorkstationFault(f"{shlex.join(argv)} ended with status {outcome.status}", outcome.said, advice)
    return outcome.output
