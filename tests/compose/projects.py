"""Compose projects in memory: files by their paths, read through the loader's own door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hardway.compose.converting.convert import Converted, convert
from hardway.compose.files import File, FileFault, Folder
from hardway.compose.loading.request import Request
from hardway.compose.loading.whole import Read, read_project

HERE = Path("/project")


@dataclass(frozen=True)
class Memory:
    """Files of /project; those whose text is None are there and cannot be read."""

    files: Mapping[str, str | bytes | None] = field(default_factory=dict)

    def read(self, path: Path) -> File | Folder | None:
        if path.is_relative_to(HERE):
            name = str(path.relative_to(HERE))
            if name in self.files:
                return self._file(name)
            inner = {one.removeprefix(f"{name}/"): one for one in self.files if one.startswith(f"{name}/")}
            if inner:
                return Folder({short: self._file(one) for short, one in inner.items()})
        return None

    def _file(self, name: str) -> File:
        content = self.files[name]
        if content is None:
            raise FileFault("cannot be read: permission denied")
        return File(content.encode() if isinstance(content, str) else content, executable=name.endswith(".sh"))


def read(
    compose: str,
    /,
    *,
    files: Mapping[str, str | bytes | None] | None = None,
    given: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    profiles: tuple[str, ...] = (),
    name: str = "",
) -> Read:
    """The project of a compose.yaml beside other files."""
    request = Request(
        directory=HERE,
        files=tuple(Path(one) for one in given),
        environment=dict(env or {}),
        profiles=frozenset(profiles),
        name=name,
    )
    return read_project(request, Memory({"compose.yaml": compose, **(files or {})}))


def converted(
    compose: str, /, *, lax: bool = False, files: Mapping[str, str | bytes | None] | None = None
) -> Converted:
    return convert(read(compose, files=files).project, lax=lax)
