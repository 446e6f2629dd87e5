"""How a live object differs from what applying ours would make of it, in one line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

NONE: Final = "none"
"""The drift of an object that is as wanted."""

SHOWN: Final = 4
"""Differences that are told; the rest is counted."""

_SERVERS_OWN: Final = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"})
"""Of metadata: what the server writes by itself, and a dry run as well."""

Difference = tuple[str, Any, Any]
_ABSENT: Final = object()


def drift(live: Mapping[str, Any], dry_run: Mapping[str, Any]) -> str:
    """ "none", or "spec.replicas: 3 -> 2; ...": what applying would change. The data of secrets is masked."""
    masked = live.get("kind") == "Secret"
    differences = [*_differences("", _comparable(live), _comparable(dry_run))]
    told = [_tell(difference, masked) for difference in differences[:SHOWN]]
    more = [f"and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
    return "; ".join((*told, *more)) or NONE


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the server writes. `status` is not ours to apply, and others change it between two reads."""
    meta = {key: value for key, value in body.get("metadata", {}).items() if key not in _SERVERS_OWN}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": meta}


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, before.get(key, _ABSENT), after.get(key, _ABSENT))
        return
    if _lists_of_one_length(before, after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other)
        return
    yield path, before, after


def _lists_of_one_length(before: Any, after: Any) -> bool:
    return isinstance(before, Sequence) and isinstance(after, list) and len(before) == len(after)


def _tell(difference: Difference, masked: bool) -> str:
    path, before, after = difference
    if masked and path.split(".")[0] in ("data", "stringData"):
        return f"{path}: *** -> ***"
    return f"{path}: {_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = text.replace("\n", "\\n")
    return text if len(text) <= 60 else f"{text[:57]}..."
