"""Relative paths of a file made absolute by the directory that is that file's own. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardway.compose.loading.request import Ground, absolute
from hardway.compose.tree import Entry, Items, Node, Path, Scalar, Table, text

_PATHS: Final[tuple[tuple[str, ...], ...]] = (
    ("services", "*", "env_file", "*", "path"),
    ("services", "*", "label_file", "*"),
    ("services", "*", "extends", "file"),
    ("secrets", "*", "file"),
    ("configs", "*", "file"),
    ("include", "*", "path", "*"),
    ("include", "*", "env_file", "*"),
    ("include", "*", "project_directory"),
)
_CONTEXT: Final = ("services", "*", "build", "context")


def with_paths(tree: Table, around: Ground) -> Table:
    """The same document, its paths absolute."""
    made = _made(tree, (), around)
    assert isinstance(made, Table)
    return made


def _made(node: Node, path: Path, around: Ground) -> Node:
    if isinstance(node, Table):
        if _is(path, ("services", "*", "volumes", "*")):
            return _volume(node, around)
        entries = {key: Entry(e.place, _made(e.node, (*path, key), around)) for key, e in node.entries.items()}
        return replace(node, entries=entries)
    if isinstance(node, Items):
        return replace(node, items=tuple(_made(item, (*path, n), around) for n, item in enumerate(node.items)))
    is_path = any(_is(path, pattern) for pattern in _PATHS) or (_is(path, _CONTEXT) and _is_local(node.text))
    return _absolute(node, around) if is_path and isinstance(node.value, str) else node


def _volume(node: Table, around: Ground) -> Table:
    kind, source = node.get("type"), node.get("source")
    if isinstance(kind, Scalar) and kind.value == "bind" and isinstance(source, Scalar):
        return node.having("source", _absolute(source, around))
    return node


def _absolute(node: Scalar, around: Ground) -> Scalar:
    return replace(text(str(absolute(node.text, around.directory, around.variables)), node.place), tag=node.tag)


def _is_local(context: str) -> bool:
    """Not a repository or an archive elsewhere."""
    return "://" not in context and not context.startswith(("git@", "github.com/"))


def _is(path: Path, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(one in ("*", part) for part, one in zip(path, pattern, strict=True))
