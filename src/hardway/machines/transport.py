"""The one way to a machine: run a POSIX shell script there, and reach its ports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Result:
    """What a script answered."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Unreachable(Exception):
    """A machine does not answer, or is not the one it should be (host key)."""

    def __init__(self, machine: str, why: str) -> None:
        super().__init__(f"{machine}: {why}")
        self.machine = machine
        self.why = why


class Transport(Protocol):
    """A connection to one machine, as root."""

    machine: str
    blobs: str | None
    """Where the operator's blob cache is mounted on it, if it is."""

    def run(
        self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None
    ) -> Awaitable[Result]:
        """Run a script with /bin/sh; `on_line` is called with each line of its standard output as it comes.
        The script text goes over the channel, never in a process's arguments. Raises Unreachable."""
        ...

    def hold(self, script: str) -> AbstractAsyncContextManager[str]:
        """A script that goes on while the block runs: it prints a line, which is yielded, and reads its input to the
        end. That comes with the end of the block, of this process, or of the connection; until then there is a byte of
        input every `machines.ssh.BEAT` seconds, as a sign of life. Raises Unreachable."""
        ...

    def put(self, source: Path, sha256: str) -> Awaitable[str]:
        """Bring a blob to the machine, compressed and once; answers the path of the verified file there."""
        ...

    def forward(self, host: str, port: int) -> AbstractAsyncContextManager[Path]:
        """A unix socket on this computer that leads to host:port as seen from the machine."""
        ...

    def close(self) -> Awaitable[None]: ...
