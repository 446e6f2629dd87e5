"""One compose file over another: mappings key by key, lists one after the other but where items have an identity
(Compose Specification, "Merge and override"). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.tree import Entry, Items, Node, Path, Scalar, Table, plain

Identity = Callable[[Node], object]


def merged(base: Node, over: Node, path: Path, faults: Collector) -> Node:
    """`over` laid on `base`."""
    if over.tag or _replaced_whole(path):
        return over
    if isinstance(base, Table) and isinstance(over, Table):
        return _tables(base, over, path, faults)
    if isinstance(base, Items) and isinstance(over, Items):
        return _lists(base, over, path)
    if isinstance(base, Scalar) or isinstance(over, Scalar):
        return over
    faults.add(over.place, path, f"is another form than at {base.place}", "write both as a list or both as a mapping")
    return over


def _tables(base: Table, over: Table, path: Path, faults: Collector) -> Table:
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        there = entries.get(key)
        if there is None:
            entries[key] = entry
        elif not _says_nothing(entry.node) or isinstance(there.node, Scalar):
            entries[key] = Entry(entry.place, merged(there.node, entry.node, (*path, key), faults))
    return replace(over, entries=entries)


def _says_nothing(node: Node) -> bool:
    """A key without a value leaves what is beneath it as it is."""
    return isinstance(node, Scalar) and node.value is None and not node.tag


def _lists(base: Items, over: Items, path: Path) -> Items:
    identity = _IDENTITIES.get(str(path[-1]) if len(path) == 3 and path[0] == "services" else "", _whole)
    found: dict[object, Node] = {}
    for item in (*base.items, *over.items):
        found[identity(item)] = item
    return replace(over, items=tuple(found.values()))


def _replaced_whole(path: Path) -> bool:
    """A command is one thing, and so is a test."""
    return path[2:] in (("command",), ("entrypoint",), ("healthcheck", "test")) and path[:1] == ("services",)


def _whole(node: Node) -> object:
    return repr(plain(node))


def _by(*keys: str) -> Identity:
    def identity(node: Node) -> object:
        if not isinstance(node, Table):
            return _whole(node)
        return tuple(_text(node, key) for key in keys)

    return identity


def _text(node: Table, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) else ""


def _grant(node: Node) -> object:
    """A secret or config by where it stands."""
    return (_text(node, "target") or _text(node, "source")) if isinstance(node, Table) else _whole(node)


_IDENTITIES: Final[dict[str, Identity]] = {
    "ports": _by("host_ip", "target", "published", "protocol"),
    "volumes": _by("target"),
    "secrets": _grant,
    "configs": _grant,
    "env_file": _by("path"),
    "devices": _whole,
}


def without_resets(node: Node) -> Node:
    """Without what is tagged !reset: the key as if nobody had written it."""
    if isinstance(node, Table):
        entries = {
            key: Entry(entry.place, without_resets(entry.node))
            for key, entry in node.entries.items()
            if entry.node.tag != "!reset"
        }
        return replace(node, entries=entries, tag="")
    if isinstance(node, Items):
        return replace(node, items=tuple(without_resets(item) for item in node.items), tag="")
    return replace(node, tag="")
