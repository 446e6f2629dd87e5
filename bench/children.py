"""Runs programs as a user does, and says what they took: time, processor, memory. Ends them when the bench ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from time import perf_counter
from typing import IO, Final

from bench.report import BenchFailed

HARDWAY: Final = str(Path(sys.executable).with_name("hardway"))


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has ended."""

    seconds: float
    processor: float
    """Seconds of processor time, in user mode and in the kernel."""
    memory: float
    """MiB, the most that was resident."""
    status: int
    output: str


def _start(argv: Sequence[str], output: IO[bytes], cwd: Path | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd)


async def timed(argv: Sequence[str], expected: frozenset[int] = frozenset({0}), cwd: Path | None = None) -> Ended:
    """Run to the end. Raises BenchFailed for another exit status than expected, with the last lines."""
    with tempfile.TemporaryFile() as output:
        began = perf_counter()
        child = _start(argv, output, cwd)
        try:
            status, usage = await _waited(child)
        except BaseException:
            _end(child)
            raise
        took = perf_counter() - began
        text = _read(output)
    ended = Ended(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, status, text)
    if status not in expected:
        raise BenchFailed(f"{' '.join(argv)} ended with {status}", "\n".join(text.splitlines()[-20:]))
    return ended


async def _waited(child: subprocess.Popen[bytes]) -> tuple[int, struct_rusage]:
    """Its exit status and what it used. A handle tells the event loop of the end (pidfd_open(2))."""
    loop, handle, ended = asyncio.get_running_loop(), os.pidfd_open(child.pid), asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
    return _reaped(child)


def _reaped(child: subprocess.Popen[bytes]) -> tuple[int, struct_rusage]:
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage


def _end(child: subprocess.Popen[bytes]) -> None:
    """SIGINT first: hardway stops cleanly after what it has begun."""
    if child.returncode is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
