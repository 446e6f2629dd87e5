"""Writes files and links whole or not at all: beside, then renamed. Touches the paths that it is given."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from hardway.workstation.faults import WorkstationFault


def mark(path: Path) -> str:
    """What is at a path: nothing, link:TARGET, or file:MODE:SHA-256. Raises WorkstationFault for anything else."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    if stat.S_ISLNK(found.st_mode):
        return link_mark(str(path.readlink()))
    if not stat.S_ISREG(found.st_mode):
        raise WorkstationFault(f"{path} is neither a file nor a link", advice="move it away")
    return content_mark(path.read_bytes(), stat.S_IMODE(found.st_mode))


def content_mark(content: bytes, mode: int) -> str:
    """The mark of a file with this content and mode."""
    return f"file:{mode:04o}:{sha256(content).hexdigest()}"


def link_mark(target: str) -> str:
    """The mark of a symbolic link."""
    return f"link:{target}"


def make_parents(path: Path) -> list[Path]:
    """Make the folders above a path that are not there; answers those that were made, the outermost first."""
    missing = [parent for parent in reversed(path.parents) if not parent.exists()]
    for parent in missing:
        parent.mkdir(mode=0o755)
    return missing


def put(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Write a file; its owner is as given, else as it was (root may act for a user)."""
    beside = path.with_name(f".{path.name}.hardway")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
    if owner is None and path.exists() and not path.is_symlink():
        before = path.stat()
        owner = (before.st_uid, before.st_gid)
    if owner is not None:
        os.chown(beside, *owner)
    beside.chmod(mode)
    try:
        beside.replace(path)
    except OSError as fault:
        beside.unlink(missing_ok=True)
        if fault.errno != errno.EBUSY:
            raise
        # A container's /etc/hosts is a mount: it can be written, and not be replaced.
        path.write_bytes(content)


def put_link(path: Path, target: str) -> None:
    """Make a symbolic link in the place of what is there."""
    beside = path.with_name(f".{path.name}.hardway")
    with suppress(FileNotFoundError):
        beside.unlink()
    beside.symlink_to(target)
    beside.replace(path)
