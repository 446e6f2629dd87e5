"""Reads workstation.yaml, and nothing else; tells all that is wrong with it at once, with line and column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hardway.spec.document import Document, read
from hardway.spec.faults import Fault, Path, SpecFaults, dotted, nearest, shown
from hardway.spec.load import decoded, read_bytes
from hardway.spec.wording import Words, worded
from hardway.workstation.model import (
    DESKTOP_PATTERN,
    EXTENSION_PATTERN,
    FILE_TYPE_PATTERN,
    FOLDER_PATTERN,
    MIME_PATTERN,
    WINDOWS_PROGRAM_PATTERN,
    WORD_PATTERN,
    ClusterEntry,
    Windows,
    Workstation,
)

SPEC: Final = FilePath("workstation.yaml")
INIT: Final = "hardway workstation init"

_PATTERNS: Final[Mapping[str, Words]] = {
    FOLDER_PATTERN: ("is no folder", "begin it with / or ~"),
    MIME_PATTERN: ("is no media type", "write it in lower case, such as text/plain"),
    DESKTOP_PATTERN: ("is no desktop file's name", "write its name without a folder, such as vim.desktop"),
    FILE_TYPE_PATTERN: ("is no file type of Windows", "write its name, such as txtfile"),
    EXTENSION_PATTERN: ("is no extension", "begin it with a dot, such as .txt"),
    WINDOWS_PROGRAM_PATTERN: (
        "is no program's path on Windows",
        r"write it in full, without quotes and %, such as C:\Program Files\Editor\editor.exe",
    ),
    WORD_PATTERN: ("is no plain text", "write it on one line"),
}
_KEYS: Final[Mapping[Path, type[BaseModel]]] = {(): Workstation, ("windows",): Windows, ("clusters",): ClusterEntry}


def load(path: FilePath) -> Workstation:
    """The workstation that a file describes. Raises SpecFaults with everything that is wrong with it."""
    return parse(decoded(read_bytes(path, INIT), str(path)), str(path))


def parse(text: str, file: str = str(SPEC)) -> Workstation:
    """The workstation that a YAML text describes; `file` names it in faults. Raises SpecFaults, and nothing else."""
    document = read(text, file, INIT)
    faults = list(document.faults)
    made: Workstation | None = None
    try:
        made = Workstation.model_validate_json(json.dumps(document.data), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        faults.extend(_fault(one, document, file) for one in error.errors(include_url=False) if _new(one, document))
    if made is not None:
        faults.extend(_findings(made, document, file))
    if faults or made is None:
        raise SpecFaults(tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column))))
    return made


def _new(error: ErrorDetails, document: Document) -> bool:
    """Whether it is not told already as a value that could not be read."""
    return error["loc"] not in document.broken


def _fault(error: ErrorDetails, document: Document, file: str) -> Fault:
    of_key = error["type"] == "extra_forbidden" or "[key]" in error["loc"]
    path = tuple(part for part in error["loc"] if part != "[key]")
    what, way_out = _words(error, path)
    place = document.nearest_place(path, of_key=of_key)
    return Fault(file, place.line, place.column, dotted(path), what, way_out)


def _words(error: ErrorDetails, path: Path) -> Words:
    if error["type"] == "extra_forbidden":
        return _unknown_key(path)
    if error["type"] in ("model_type", "dict_type") and error["input"] is not None:
        return "a mapping is wanted here", "write one `key: value` a line"
    pattern = str(error.get("ctx", {}).get("pattern"))
    if pattern in _PATTERNS:
        what, way_out = _PATTERNS[pattern]
        return f"{shown(error['input'])} {what}", way_out
    return worded(error)


def _unknown_key(path: Path) -> Words:
    *above, key = path
    model = _KEYS.get(tuple(part for part in above if isinstance(part, str)))
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    near = nearest(str(key), known)
    return "unknown key", f"did you mean {near}?" if near else f"known here: {', '.join(known)}"


def _findings(made: Workstation, document: Document, file: str) -> Iterator[Fault]:
    """What spans several fields."""

    def fault(path: Path, what: str, way_out: str, *, of_key: bool = False) -> Fault:
        place = document.nearest_place(path, of_key=of_key)
        return Fault(file, place.line, place.column, dotted(path), what, way_out)

    for key, items in (("programs", made.programs), ("completions", made.completions)):
        for number in _repeated(items):
            yield fault((key, number), f"{items[number]} is named twice", "keep one")
    for number in _repeated([cluster.spec for cluster in made.clusters]):
        yield fault(("clusters", number, "spec"), "this cluster is named twice", "keep one")
    for kind, names in (("fileTypes", made.windows.file_types), ("extensions", made.windows.extensions)):
        folded = list(names)
        for number in _repeated([name.lower() for name in folded]):
            path = ("windows", kind, folded[number])
            yield fault(path, "named twice: Windows takes no notice of case", "keep one", of_key=True)


def _repeated(items: Any) -> Iterator[int]:
    """The numbers of items that were there before."""
    count: Counter[Any] = Counter()
    for number, item in enumerate(items):
        if count[item]:
            yield number
        count[item] += 1
