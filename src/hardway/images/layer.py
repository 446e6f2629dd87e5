"""A tree as the layer of an image: a tar archive that is the same to the last byte for the same packages. Reads the
tree, writes the archive.

Left out is what only the making left behind: caches, logs, back-up copies, the mirror's name, compiled Python (which
Python makes anew, and not the same each time). Times are those that the packages gave; what was written while the tree
was made bears the newest of these. The layout is that of the OCI Image Layer Specification.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from hardway.images.faults import ImageFault

LEFT_OUT: Final = (
    "dev/*",
    "etc/*-",
    "etc/.pwd.lock",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*",
    "etc/hostname",
    "etc/machine-id",
    "etc/resolv.conf",
    "proc/*",
    "root/.cache",
    "run/*",
    "sys/*",
    "tmp/*",
    "usr/share/info/*",
    "usr/share/lintian/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/*",
    "var/cache/man/*",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/lib/dpkg/lock*",
    "var/log/*.log",
    "var/log/apt/*",
    "*/__pycache__",
)
"""Patterns of paths from the tree's root (fnmatch; * crosses slashes)."""


def write_layer(tree: Path, target: Path, *, began: float, keep: frozenset[str] = frozenset()) -> None:
    """Write the tree as an uncompressed tar archive, its entries sorted by path.

    `began` is when its making began, in seconds since 1970; what is in `keep` (paths from the root) is never left out.
    Raises ImageFault for a file with capabilities, which would be lost.
    """
    entries = list(_entries(tree, "", keep))
    newest = max((int(stat.st_mtime) for _, stat in entries if stat.st_mtime < began), default=0)
    seen: dict[tuple[int, int], str] = {}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path, status in entries:
            entry = _entry(tree, path, status, seen)
            entry.mtime = int(status.st_mtime) if status.st_mtime < began else newest
            if entry.isreg():
                with (tree / path).open("rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)


def _entries(tree: Path, folder: str, keep: frozenset[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Paths with their status, each directory before what is in it; without sockets, devices and pipes."""
    for name in sorted(one.name for one in (tree / folder).iterdir()):
        path = f"{folder}/{name}".lstrip("/")
        if path not in keep and any(fnmatchcase(path, pattern) for pattern in LEFT_OUT):
            continue
        status = (tree / path).lstat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            continue
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            yield from _entries(tree, path, keep)


def _entry(tree: Path, path: str, status: os.stat_result, seen: dict[tuple[int, int], str]) -> tarfile.TarInfo:
    """Numbers of owners and no names: those are in the image's own passwd."""
    entry = tarfile.TarInfo(path)
    entry.mode, entry.uid, entry.gid = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    if stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
        return entry
    if stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, str((tree / path).readlink())
        return entry
    if "security.capability" in os.listxattr(tree / path):
        raise ImageFault(f"/{path} has file capabilities, which an image made here does not keep")
    first = seen.setdefault((status.st_dev, status.st_ino), path)
    if first != path:
        entry.type, entry.linkname = tarfile.LNKTYPE, first
        return entry
    entry.size = status.st_size
    return entry
