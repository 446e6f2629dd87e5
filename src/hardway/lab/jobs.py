"""What a lab or a cloud asks of whoever holds its processes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hardway.lab.places import JobName

REBOOT = 133
"""systemd-nspawn(1) with --keep-unit: the status that says that the machine wants to boot again."""
RESTART_SECONDS = 1
"""Between the end of a job that is always started again, and its start."""


@dataclass(frozen=True, slots=True)
class Job:
    """A process tree to start."""

    name: JobName
    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    output: Path
    """Its output is appended here."""
    before: str = "true"
    """A shell script to run before each start, also before a reboot."""
    after: str = "true"
    """A shell script to run when it has ended by itself; not before a reboot, and not when it was killed."""
    memory: int | None = None
    """The most memory that all its processes may take together, in bytes."""
    listen: int | None = None
    """A port of the loopback address to listen on; the job is given the socket as by sd_listen_fds(3)."""
    restart: bool = False
    """Whether it is started again, a second later, however it ended."""
