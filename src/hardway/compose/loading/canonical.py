"""Short forms in their long forms, so that files can be merged key by key and one form is left to convert. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.ports import long_ports, long_volume
from hardway.compose.tree import Entry, Items, Node, Path, Place, Scalar, Table, empty, table, text

Long = Callable[[Node, Path, Collector], Node]


def canonical(tree: Table, faults: Collector) -> Table:
    """A whole file in its long forms."""
    for section, one in _SECTIONS.items():
        found = tree.get(section)
        if isinstance(found, Table):
            tree = tree.having(section, _each(found, (section,), one, faults))
    include = tree.get("include")
    if isinstance(include, Items):
        tree = tree.having("include", replace(include, items=tuple(_included(one) for one in include.items)))
    return tree


def _each(found: Table, path: Path, one: Long, faults: Collector) -> Table:
    entries = {key: Entry(entry.place, one(entry.node, (*path, key), faults)) for key, entry in found.entries.items()}
    return replace(found, entries=entries)


def _service(node: Node, path: Path, faults: Collector) -> Node:
    if not isinstance(node, Table):
        return node
    for key, long in _SERVICE.items():
        value = node.get(key)
        if value is not None and not _is_null(value):
            node = node.having(key, long(value, (*path, key), faults))
    return node


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _named(node: Node, path: Path, faults: Collector) -> Node:
    """A volume, network, secret or config: `external: {name: N}` of version 2 is `external: true, name: N`."""
    if _is_null(node):
        return empty(node.place)
    if not isinstance(node, Table):
        return node
    external = node.get("external")
    if isinstance(external, Table):
        name = external.get("name")
        node = node.having("external", Scalar(True, external.place, "true"))
        node = node.having("name", name) if name else node
    labels = node.get("labels")
    return node.having("labels", _pairs(labels, (*path, "labels"), faults)) if labels else node


def _ports(node: Node, path: Path, faults: Collector) -> Node:
    if not isinstance(node, Items):
        return node
    return replace(node, items=tuple(_long_ports(node, path, faults)))


def _long_ports(node: Items, path: Path, faults: Collector) -> Iterator[Node]:
    for number, item in enumerate(node.items):
        if isinstance(item, Scalar):
            yield from long_ports(item, (*path, number), faults)
        elif isinstance(item, Table):
            defaults = table(item.place, {"protocol": "tcp", "mode": "ingress"})
            yield replace(item, entries={**defaults.entries, **item.entries})
        else:
            yield item


def _volumes(node: Node, path: Path, faults: Collector) -> Node:
    if not isinstance(node, Items):
        return node
    items = (
        long_volume(item, (*path, n), faults) if isinstance(item, Scalar) else item for n, item in enumerate(node.items)
    )
    return replace(node, items=tuple(items))


def _pairs(node: Node, path: Path, faults: Collector) -> Node:
    """["A=1", "B"] as {A: "1", B: null}."""
    if not isinstance(node, Items):
        return node
    entries: dict[str, Entry] = {}
    for item in node.items:
        if isinstance(item, Scalar):
            name, sign, value = item.text.partition("=")
            entries[name] = Entry(item.place, text(value, item.place) if sign else Scalar(None, item.place))
    return Table(entries, node.place, node.tag)


def _hosts(node: Node, path: Path, faults: Collector) -> Node:
    """["db:1.2.3.4"] (or with =) as {db: ["1.2.3.4"]}."""
    entries: dict[str, Entry] = {}
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            entries[key] = Entry(entry.place, _list(entry.node, path, faults))
        return replace(node, entries=entries)
    for item in node.items if isinstance(node, Items) else ():
        if isinstance(item, Scalar):
            written = item.text
            sign = "=" if "=" in written else ":"
            name, _, address = written.partition(sign)
            there = entries.get(name)
            before = there.node.items if there and isinstance(there.node, Items) else ()
            entries[name] = Entry(item.place, Items((*before, text(address.strip("[]"), item.place)), item.place))
    return Table(entries, node.place, node.tag)


def _list(node: Node, path: Path, faults: Collector) -> Node:
    return Items((node,), node.place, node.tag) if isinstance(node, Scalar) else node


def _names(node: Node, path: Path, faults: Collector) -> Node:
    """["front"] as {front: {}}."""
    if isinstance(node, Items):
        scalars = [item for item in node.items if isinstance(item, Scalar)]
        return Table({one.text: Entry(one.place, empty(one.place)) for one in scalars}, node.place, node.tag)
    if isinstance(node, Table):
        return _each(node, path, lambda one, _p, _f: empty(one.place) if _is_null(one) else one, faults)
    return node


def _depends(node: Node, path: Path, faults: Collector) -> Node:
    if isinstance(node, Items):
        scalars = [item for item in node.items if isinstance(item, Scalar)]
        entries = {one.text: Entry(one.place, _started(one.place)) for one in scalars}
        return Table(entries, node.place, node.tag)
    return node


def _started(place: Place) -> Table:
    return table(place, {"condition": "service_started", "required": True})


def _grants(node: Node, path: Path, faults: Collector) -> Node:
    """["key"] of secrets and configs as [{source: key}]."""
    if not isinstance(node, Items):
        return node
    items = (table(one.place, {"source": one.text}) if isinstance(one, Scalar) else one for one in node.items)
    return replace(node, items=tuple(items))


def _env_files(node: Node, path: Path, faults: Collector) -> Node:
    listed = _list(node, path, faults)
    if not isinstance(listed, Items):
        return node
    items = (
        table(one.place, {"path": one.text, "required": True}) if isinstance(one, Scalar) else one
        for one in listed.items
    )
    return replace(listed, items=tuple(items))


def _build(node: Node, path: Path, faults: Collector) -> Node:
    if isinstance(node, Scalar):
        return table(node.place, {"context": node.text})
    if isinstance(node, Table):
        for key in ("args", "labels", "additional_contexts"):
            found = node.get(key)
            node = node.having(key, _pairs(found, (*path, key), faults)) if found else node
    return node


def _extends(node: Node, path: Path, faults: Collector) -> Node:
    return table(node.place, {"service": node.text}) if isinstance(node, Scalar) else node


def _included(node: Node) -> Node:
    if isinstance(node, Scalar):
        return table(node.place, {"path": Items((node,), node.place)})
    for key in ("path", "env_file"):
        found = node.get(key) if isinstance(node, Table) else None
        if isinstance(found, Scalar) and isinstance(node, Table):
            node = node.having(key, Items((found,), found.place))
    return node


def _deploy(node: Node, path: Path, faults: Collector) -> Node:
    labels = node.get("labels") if isinstance(node, Table) else None
    return node.having("labels", _pairs(labels, path, faults)) if labels and isinstance(node, Table) else node


_SERVICE: Final[dict[str, Long]] = {
    "ports": _ports,
    "volumes": _volumes,
    "environment": _pairs,
    "labels": _pairs,
    "annotations": _pairs,
    "sysctls": _pairs,
    "extra_hosts": _hosts,
    "networks": _names,
    "depends_on": _depends,
    "secrets": _grants,
    "configs": _grants,
    "env_file": _env_files,
    "label_file": _list,
    "dns": _list,
    "dns_search": _list,
    "tmpfs": _list,
    "build": _build,
    "extends": _extends,
    "deploy": _deploy,
}
_SECTIONS: Final[dict[str, Long]] = {
    "services": _service,
    "volumes": _named,
    "networks": _named,
    "secrets": _named,
    "configs": _named,
}
