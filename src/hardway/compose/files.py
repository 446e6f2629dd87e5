"""The one door by which a project's files are read: bounded, regular files only. Touches the file system, read-only."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

LARGEST: Final = 1024 * 1024
"""Bytes of one file: more fits in no ConfigMap, and no compose file needs it."""
MOST_FILES: Final = 500
"""Files of one folder."""


class FileFault(Exception):
    """A file cannot be had; says why."""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file."""

    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory's files by their path in it; `why_not` where not all of it was read."""

    files: Mapping[str, File] = field(default_factory=dict)
    why_not: str = ""


class Files(Protocol):
    """What the loader asks of a file system."""

    def read(self, path: Path) -> File | Folder | None:
        """What is there, None for nothing. Raises FileFault for what is there and cannot be read."""
        ...


class DiskFiles:
    """The real file system."""

    def read(self, path: Path) -> File | Folder | None:
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                return _folder(path)
            if not stat.S_ISREG(mode):
                raise FileFault("is neither a file nor a folder")
            return _file(path, mode)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise FileFault(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _file(path: Path, mode: int) -> File:
    with path.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FileFault(f"is larger than {LARGEST // 1024} KiB")
    return File(content, bool(mode & stat.S_IXUSR))


def _folder(path: Path) -> Folder:
    """All files below, as long as they fit; symbolic links that leave the folder are not followed."""
    files: dict[str, File] = {}
    size = 0
    root = path.resolve()
    for one in _regular_files(root):
        inner = str(one.relative_to(root))
        if one.is_symlink() and not one.resolve().is_relative_to(root):
            return Folder(why_not=f"{inner} is a link that leads out of it")
        mode = one.stat().st_mode
        if not stat.S_ISREG(mode):
            return Folder(why_not=f"{inner} is no regular file")
        size += one.stat().st_size
        if size > LARGEST or len(files) == MOST_FILES:
            return Folder(why_not=f"holds more than {LARGEST // 1024} KiB or {MOST_FILES} files")
        files[inner] = _file(one, mode)
    return Folder(files)


def _regular_files(folder: Path) -> Iterator[Path]:
    """Everything below that is no folder, in order; links to folders are given as they are."""
    for one in sorted(folder.iterdir()):
        if one.is_dir() and not one.is_symlink():
            yield from _regular_files(one)
        else:
            yield one
