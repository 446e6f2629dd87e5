"""Takes one named program out of a tar archive of a stranger's making. Touches the target file only."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from hardway.sources.faults import SourceFault

MEMBER_LIMIT = 1 << 30
"""Bytes of a program."""
TOTAL_LIMIT = 4 << 30
"""Bytes of all that is passed over: an archive that unpacks to more is a bomb."""


def extract(archive: Path, members: Mapping[str, Path]) -> None:
    """Write each member (path in the archive -> file to make). No path in the archive is ever used on disk.

    Raises SourceFault for a member that is missing, no regular file, or too large, and for a damaged archive.
    """
    wanted = {_plain(name): target for name, target in members.items()}
    try:
        with tarfile.open(archive, "r:*") as opened:
            found = _take(opened, wanted)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as fault:
        raise SourceFault(f"{archive.name} is no readable archive", str(fault)) from fault
    if missing := sorted(wanted.keys() - found):
        raise SourceFault(f"{archive.name} does not hold {', '.join(missing)}")


def _plain(name: str) -> str:
    return str(PurePosixPath(name))


def _take(opened: tarfile.TarFile, wanted: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    total = 0
    for member in opened:
        total += member.size
        if total > TOTAL_LIMIT:
            raise SourceFault(f"the archive unpacks to more than {TOTAL_LIMIT >> 30} GiB")
        name = _plain(member.name)
        if name in wanted and name not in found:
            _write(opened, member, wanted[name])
            found.add(name)
    return found


def _write(opened: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if not member.isreg() or member.size > MEMBER_LIMIT:
        raise SourceFault(f"{member.name} in the archive is no regular file of at most {MEMBER_LIMIT >> 20} MiB")
    source = opened.extractfile(member)
    assert source is not None
    with source, target.open("wb") as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)
