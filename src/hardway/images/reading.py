"""Reads a description, image.yaml and the files beside it: all faults at once, with line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from hardway.images.description import Described, Description, LaidFile, LaidFolder
from hardway.spec.document import LARGEST, Document, read, too_large
from hardway.spec.faults import Fault, SpecFaults, dotted, shown

FILE: Final = "image.yaml"
LARGEST_FILE: Final = 8 << 20
"""Bytes of a file beside a description."""
MOST_FILES: Final = 2000
"""In a folder."""
_APK: Final = re.compile(rb"\bapk\s+(--\S+\s+)*add\b")
Place = tuple[str | int, ...]


def load(folder: Traversable | Path) -> Description:
    """The description in a folder. Raises SpecFaults with all that is wrong with it."""
    name = str(folder / FILE)
    if not (folder / FILE).is_file():
        raise SpecFaults((_absent(folder, name),))
    document = read(_text(folder / FILE, name), name)
    said, faults = _described(document, name)
    faults = [*document.faults, *faults]
    files: dict[LaidFile, bytes] = {}
    for path, laid in _sources(said) if said else ():
        try:
            files.update(_contents(folder, laid))
        except ValueError as fault:
            place = document.nearest_place(path)
            faults.append(Fault(name, place.line, place.column, dotted(path), str(fault), "mend the path"))
    if faults or said is None:
        raise SpecFaults(tuple(sorted(faults, key=lambda fault: (fault.line, fault.column))))
    return Description(said, tuple(files), {file.path: content for file, content in files.items()})


def _sources(said: Described) -> Iterator[tuple[Place, LaidFile | LaidFolder]]:
    """All that is read beside the description, each with its place in it."""
    yield from ((("folders", number, "source"), folder) for number, folder in enumerate(said.folders))
    yield from ((("files", number, "source"), file) for number, file in enumerate(said.files))


def _absent(folder: Traversable, name: str) -> Fault:
    """There is no description; a Dockerfile in its place is told apart, and one of Alpine's from that."""
    dockerfile = folder / "Dockerfile"
    if not dockerfile.is_file():
        return Fault(name, 0, 0, "", "there is no such file", f"name a folder with {FILE} in it")
    what = "there is no such file, and a Dockerfile is not built here"
    if _APK.search(_bounded(dockerfile, LARGEST) or b""):
        what += "; this one calls apk, whose packages only Alpine's own mirrors have"
    return Fault(name, 0, 0, "", what, f"describe the image in {FILE}: Debian's packages, files, how it starts")


def _text(file: Traversable, name: str) -> str:
    content = _bounded(file, LARGEST)
    if content is None:
        raise too_large(name)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SpecFaults((Fault(name, 0, 0, "", "is not UTF-8 text", "save the file as UTF-8"),)) from None


def _bounded(file: Traversable, most: int) -> bytes | None:
    """The file's content; None where it is larger."""
    with file.open("rb") as stream:
        content: bytes = stream.read(most + 1)
    return content if len(content) <= most else None


def _described(document: Document, name: str) -> tuple[Described | None, list[Fault]]:
    try:
        return Described.model_validate_json(json.dumps(document.data), strict=True, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, list(_faults(error, document, name))


def _faults(error: ValidationError, document: Document, name: str) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        path = tuple(part for part in one["loc"] if part != "[key]")
        place = document.nearest_place(path, of_key=one["type"] == "extra_forbidden")
        message = one["msg"].removeprefix("Value error, ")
        what = f"{shown(one['input'])}: {message}" if isinstance(one["input"], str | int) else message
        yield Fault(name, place.line, place.column, dotted(path), what, "docs/images.md has all keys")


def _contents(folder: Traversable | Path, laid: LaidFile | LaidFolder) -> Iterator[tuple[LaidFile, bytes]]:
    """The files with their content. Raises ValueError."""
    if isinstance(laid, LaidFile):
        yield laid, _content(folder, laid.source)
        return
    if not (folder / laid.source).is_dir():
        raise ValueError(f"there is no folder {laid.source} beside {FILE}")
    paths = list(islice(_walk(folder / laid.source, ""), MOST_FILES + 1))
    if len(paths) > MOST_FILES:
        raise ValueError(f"it has more than {MOST_FILES} files")
    for path, file in paths:
        source = f"{laid.source}/{path}"
        content = _content(folder, source)
        mode = 0o755 if isinstance(file, Path) and file.stat().st_mode & 0o100 else 0o644
        yield LaidFile(path=f"{laid.path}/{path}", source=source, mode=mode, owner=laid.owner), content


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    """All files in a folder by their path in it, in order; a link to a folder is not entered."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{above}{entry.name}"
        if entry.is_dir() and not (isinstance(entry, Path) and entry.is_symlink()):
            yield from _walk(entry, f"{path}/")
        else:
            yield path, entry


def _content(folder: Traversable | Path, source: str) -> bytes:
    """A file in the folder itself: a link may not lead out of it. Raises ValueError."""
    file = folder / source
    if isinstance(file, Path) and isinstance(folder, Path) and not file.resolve().is_relative_to(folder.resolve()):
        raise ValueError("leads out of the description's folder")
    if not file.is_file():
        raise ValueError(f"there is no file {source} beside {FILE}")
    content = _bounded(file, LARGEST_FILE)
    if content is None:
        raise ValueError(f"larger than {LARGEST_FILE >> 20} MiB")
    return content
