"""The pinned wrapper modules of the catalog, as files: read from the installed package, written for a build."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hardway.catalog.programs import GoModule

_GO_LINE = re.compile(r"^go (\d+(?:\.\d+)*)$", re.MULTILINE)


def _folder(module: GoModule, version: str) -> Traversable:
    folder = resources.files("hardway.catalog") / "modules" / module.name
    return folder if module.own else folder / version


def files(module: GoModule, version: str) -> dict[str, bytes]:
    """The wrapper's files by name; empty where no such version is pinned."""
    folder = _folder(module, version)
    if not (folder / "go.mod").is_file():
        return {}
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir(), key=lambda f: f.name) if file.is_file()}


def write(module: GoModule, version: str, target: Path) -> None:
    """Write the wrapper's files into a directory that is made."""
    target.mkdir()
    for name, content in files(module, version).items():
        (target / name).write_bytes(content)


def needed_go(content: dict[str, bytes]) -> tuple[int, ...]:
    """The Go release that a wrapper asks for: (1, 26, 0)."""
    found = _GO_LINE.search(content["go.mod"].decode())
    return tuple(int(part) for part in found[1].split(".")) if found else (1,)


def digest(content: dict[str, bytes], settings: str) -> str:
    """A short digest of all that decides what is built: the wrapper's files and the compiler's settings."""
    parts = (f"{name}\0{len(data)}\0".encode() + data for name, data in sorted(content.items()))
    return sha256(b"".join(parts) + settings.encode()).hexdigest()[:16]
