"""One run at a time: a lock that the kernel holds for a process and drops when it ends, however it ends.

Touches the lock file only. What is written in it is for people; flock(2) alone decides.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hardway.state.faults import StateFault
from hardway.state.files import FILE_MODE, check_private


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    user: str
    host: str
    since: str
    """ISO 8601."""
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid} of {self.user} on {self.host}, since {self.since})"


class Locked(StateFault):
    """Somebody else holds the lock; `holder` is None in the moment before they have written who they are."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        who = holder or "another process"
        super().__init__(f"{path.parent} is in use by {who}", "wait until it ends, or stop it")
        self.holder = holder


@contextmanager
def locked(path: Path, command: str, now: datetime) -> Iterator[None]:
    """Hold the lock while the block runs. Raises Locked at once where somebody else holds it, StateFault otherwise.

    The file stays when the lock is given up: removing it would let two processes lock two files of one name.
    """
    descriptor = _take(path)
    try:
        _write(descriptor, json.dumps(asdict(myself(command, now))).encode())
        yield
        _write(descriptor, b"")
    finally:
        os.close(descriptor)


def _take(path: Path) -> int:
    """An open file with the lock on it."""
    check_private(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CREAT, FILE_MODE)
    except OSError as fault:
        raise StateFault(f"cannot open {path}: {fault.strerror}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _still_there(path, descriptor)
    except BlockingIOError:
        said = _read(descriptor)
        os.close(descriptor)
        raise Locked(path, said) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _still_there(path: Path, descriptor: int) -> None:
    """The file may have gone with its directory between the opening and the locking."""
    opened = os.fstat(descriptor)
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    if found is None or (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
        raise StateFault(f"{path.parent} was removed in this moment by another run", "try again")


def myself(command: str, now: datetime) -> Holder:
    """This process, as the holder of a lock."""
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return Holder(os.getpid(), user, socket.gethostname(), now.isoformat(timespec="seconds"), command)


def _write(descriptor: int, content: bytes) -> None:
    # On a full disk the lock holds all the same; only its holder stays unnamed.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)


def _read(descriptor: int) -> Holder | None:
    try:
        data = json.loads(os.pread(descriptor, 65536, 0))
        return Holder(int(data["pid"]), *(_printable(data[key]) for key in ("user", "host", "since", "command")))
    except (ValueError, KeyError, TypeError):
        return None


def _printable(text: object) -> str:
    return "".join(character if character.isprintable() else "?" for character in str(text))
