"""A resolved project as text: YAML that can be read again, each key with where it came from. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from hardway.compose.tree import Items, Node, Place, Scalar, Table, plain, walk
from hardway.spec.faults import dotted

WIDE: Final = 10_000_000
"""So that no scalar is folded."""


def shown_place(place: Place, directory: str) -> str:
    """With the file's path from where the user is, where that is shorter."""
    near = os.path.relpath(place.file, directory)
    file = near if len(near) < len(place.file) else place.file
    return f"{file}:{place.line}:{place.column}" if place.line else file


def as_yaml(tree: Table, directory: str) -> str:
    """Each key with its origin as a comment; a dollar sign is doubled, so that it is none of a variable's."""
    return "\n".join(_lines(tree, 0, directory)) + "\n"


def _lines(node: Node, depth: int, directory: str) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            yield from _pair(f"{indent}{_scalar(key)}:", entry.node, entry.place, depth, directory)
    if isinstance(node, Items):
        for item in node.items:
            yield from _item(item, depth, directory)


def _pair(head: str, node: Node, place: Place, depth: int, directory: str) -> Iterator[str]:
    origin = f"  # {_comment(shown_place(place, directory))}"
    if isinstance(node, Scalar):
        yield f"{head} {_value(node)}{origin}"
    elif _is_empty(node):
        yield f"{head} {'{}' if isinstance(node, Table) else '[]'}{origin}"
    else:
        yield f"{head}{origin}"
        yield from _lines(node, depth + 1, directory)


def _item(node: Node, depth: int, directory: str) -> Iterator[str]:
    indent = "  " * depth
    origin = f"  # {_comment(shown_place(node.place, directory))}"
    if isinstance(node, Scalar):
        yield f"{indent}- {_value(node)}{origin}"
    elif _is_empty(node):
        yield f"{indent}- {'{}' if isinstance(node, Table) else '[]'}{origin}"
    else:
        first, *rest = _lines(node, depth + 1, directory)
        yield f"{indent}- {first.lstrip(' ')}"
        yield from rest


def _comment(text: str) -> str:
    """A path may hold anything: a comment ends with its line."""
    return text if text.isprintable() else ascii(text)


def _is_empty(node: Table | Items) -> bool:
    return not (node.entries if isinstance(node, Table) else node.items)


def _value(node: Scalar) -> str:
    return _scalar(node.value.replace("$", "$$") if isinstance(node.value, str) else node.value)


def _scalar(value: Any) -> str:
    """One line, quoted where it must be: what another reader would take for a number or a truth value is in quotes."""
    if isinstance(value, str):
        is_simple = value.isascii() and value.replace("-", "").replace("_", "").replace("/", "").isalnum()
        words = {"yes", "no", "on", "off", "y", "n", "true", "false", "null"}
        if is_simple and value[0].isalpha() and value.lower() not in words:
            return value
        text: str = yaml.dump(value, default_style='"', width=WIDE, allow_unicode=value.isprintable())
        return text.strip()
    dumped: str = yaml.safe_dump(value)
    return dumped.removesuffix("\n").removesuffix("\n...")


def as_json(tree: Table, directory: str) -> Mapping[str, Any]:
    """The project, and by dotted path the origin of each of its keys."""
    origins = {dotted(path): shown_place(place, directory) for path, place, _ in walk(tree) if path}
    return {"project": plain(tree), "origins": origins}
