"""Private files and directories: made, checked, written whole or not at all. Touches files of the state directory only.

Everything here is for the owner's eyes: 0600 and 0700, no symbolic links, nobody else's.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from hardway.state.faults import StateFault

FILE_MODE: Final = 0o600
DIRECTORY_MODE: Final = 0o700
_OTHERS: Final = 0o077


def make_directory(path: Path) -> None:
    """A directory of ours, 0700; one that is there already must be so. Raises StateFault."""
    try:
        path.mkdir(mode=DIRECTORY_MODE)
    except FileExistsError:
        check_private(path, directory=True)
        return
    except OSError as fault:
        raise StateFault(f"cannot make {path}: {fault.strerror}") from fault
    path.chmod(DIRECTORY_MODE)


def check_private(path: Path, *, directory: bool = False) -> bool:
    """Whether it is there. Raises StateFault where it is a link, of another kind, somebody else's, open to others."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    fault = _fault(found, directory)
    if fault:
        raise StateFault(f"{path} {fault[0]}", fault[1].format(path=shlex.quote(str(path))))
    return True


def _fault(found: os.stat_result, directory: bool) -> tuple[str, str] | None:
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link", "put the real thing in its place: keys go nowhere but beside the spec"
    if stat.S_ISDIR(found.st_mode) != directory or not (directory or stat.S_ISREG(found.st_mode)):
        return f"is no {'directory' if directory else 'plain file'}", "move it away: {path}"
    if found.st_uid != os.geteuid():
        owner = f"belongs to user {found.st_uid}, and this is user {os.geteuid()}"
        return owner, "run as the user who made it, or have it given over: chown -R {path}"
    if found.st_mode & _OTHERS:
        wanted = DIRECTORY_MODE if directory else FILE_MODE
        return f"is open to other users (mode {stat.S_IMODE(found.st_mode):04o})", f"chmod {wanted:04o} {{path}}"
    return None


def read_private(path: Path) -> bytes | None:
    """The file's bytes, None where nothing is. Raises StateFault as `check_private` does."""
    if not check_private(path):
        return None
    try:
        return path.read_bytes()
    except OSError as fault:
        raise StateFault(f"cannot read {path}: {fault.strerror}") from fault


def write_private(path: Path, content: bytes) -> None:
    """Write the file, 0600, whole or not at all, even where the power fails: beside, to the disk, renamed.

    What an earlier, cut-off writing left beside is overwritten. Raises StateFault, with the old file as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE), "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_directory(path.parent)
    except OSError as fault:
        raise _not_written(path, beside, fault) from fault


def _not_written(path: Path, beside: Path, fault: OSError) -> StateFault:
    # A leftover beside does no harm; the first fault is the one to tell of.
    with suppress(OSError):
        beside.unlink(missing_ok=True)
    advice = f"make room on the disk of {path.parent}" if fault.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return StateFault(f"cannot write {path}: {fault.strerror}", advice)


def sync_directory(path: Path) -> None:
    """Bring a directory's entries (names made, renamed, gone) to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
