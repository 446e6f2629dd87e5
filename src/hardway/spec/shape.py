"""Keys and types of a document, by pydantic; where they are at fault, the cluster in what is sound is still made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hardway.spec.document import Document
from hardway.spec.faults import Path, nearest
from hardway.spec.model import Cluster
from hardway.spec.wording import keys_at

MOST_ERRORS: Final = 100
"""With more errors than this no sound rest is looked for: the file is something else altogether."""

MOST_ROUNDS: Final = 6
"""A missing key takes out what should hold it, and so on upwards: at most the spec's depth."""


class _Gone:
    """Stands in a list for an item that was at fault, so that the others keep their numbers."""


_GONE: Final = _Gone()


@dataclass(frozen=True, slots=True)
class Shape:
    """What validation made of a document."""

    cluster: Cluster | None
    """The cluster, with what was at fault left out; None where nothing sound is left."""
    errors: tuple[ErrorDetails, ...]
    """pydantic's errors, their `loc` being paths of the document."""
    broken: frozenset[Path]
    """Fields whose value in the cluster is not what the document meant."""
    data: Any
    """What the cluster was made of."""

    def original(self, path: Path) -> Path:
        """The path in the document of a path in the cluster (they differ where items of a list were left out)."""
        return _original(path, self.data) if self.broken else path

    def touches(self, paths: Iterable[Path]) -> bool:
        """Whether one of these fields, or anything in it or around it, is not what the document meant."""
        around = _with_prefixes(self.broken)
        return any(path in around or any(path[:n] in self.broken for n in range(len(path))) for path in paths)


def shape(document: Document) -> Shape:
    """Validates; takes out each value at fault and tries the rest again until that is sound."""
    broken = {*document.broken, *document.doubtful}
    data = _pruned(document.data, frozenset(document.broken))
    cluster, errors = _attempt(data)
    repeated = _with_prefixes(document.broken)
    first = tuple(error for error in errors if error["loc"] not in repeated)
    if len(errors) > MOST_ERRORS or not isinstance(data, dict):
        return Shape(None, first, frozenset(broken), data)
    for _ in range(MOST_ROUNDS):
        if not errors:
            break
        broken |= {path for error in errors for path in _at_fault(error)}
        data = _named(_pruned(data, frozenset(_causes(errors))))
        cluster, errors = _attempt(data)
    return Shape(cluster, first, frozenset(broken), data)


def meant(error: ErrorDetails) -> Path | None:
    """The path of the key that a misspelt key stands for, where one is near."""
    if error["type"] != "extra_forbidden":
        return None
    *above, key = error["loc"]
    near = nearest(str(key), keys_at(tuple(above)))
    return (*above, near) if near else None


def _attempt(data: Any) -> tuple[Cluster | None, list[ErrorDetails]]:
    """Validated as strict JSON: a number is never taken for an address, nor a truth value for a number."""
    try:
        text = json.dumps(_compact(data))
        return Cluster.model_validate_json(text, strict=True, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, [_numbered(each, data) for each in error.errors(include_url=False)[: MOST_ERRORS + 1]]


def _numbered(error: ErrorDetails, data: Any) -> ErrorDetails:
    """The error with its path as in the document."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    numbered = error.copy()
    numbered["loc"] = _original(path, data)
    return numbered


def _at_fault(error: ErrorDetails) -> Iterator[Path]:
    """The field that an error leaves without its value: of an unknown key, the one that was meant."""
    path = meant(error) if error["type"] == "extra_forbidden" else error["loc"]
    if path is not None:
        yield path


def _causes(errors: Iterable[ErrorDetails]) -> Iterator[Path]:
    """What to take out: the value, or where a key is missing what should hold it."""
    for error in errors:
        yield error["loc"][:-1] if error["type"] == "missing" else error["loc"]


def _named(data: Any) -> Any:
    """The data with the one key that must be there."""
    return {"name": "unnamed", **data} if isinstance(data, dict) else data


def _pruned(data: Any, paths: frozenset[Path], at: Path = ()) -> Any:
    """A copy without the values at these paths; the document as a whole stays."""
    if isinstance(data, dict):
        inner = ((key, (*at, key), value) for key, value in data.items())
        return {key: _pruned(value, paths, path) for key, path, value in inner if path not in paths}
    if isinstance(data, list):
        return [_GONE if (*at, n) in paths else _pruned(item, paths, (*at, n)) for n, item in enumerate(data)]
    return data


def _compact(data: Any) -> Any:
    """The data without the marks of items that are gone."""
    if isinstance(data, dict):
        return {key: _compact(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_compact(item) for item in data if item is not _GONE]
    return data


def _original(path: Path, data: Any) -> Path:
    """The path in the document of a path in what `_compact` left of it."""
    if not path:
        return ()
    head, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(head, int):
        kept = [number for number, item in enumerate(data) if item is not _GONE]
        head = kept[head] if head < len(kept) else head
        return (head, *_original(rest, data[head] if head < len(data) else None))
    return (head, *_original(rest, data.get(head) if isinstance(data, dict) else None))


def _with_prefixes(paths: Iterable[Path]) -> frozenset[Path]:
    """The paths and all that lead to them, but for the document itself."""
    return frozenset(path[:length] for path in paths for length in range(min(1, len(path)), len(path) + 1))
