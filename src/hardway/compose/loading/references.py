"""Whether what services name is there: volumes, networks, secrets, configs, other services; and no circles. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from hardway.compose.faults import Collector
from hardway.compose.tree import Items, Node, Path, Place, Scalar, Table
from hardway.spec.faults import nearest


def check_references(tree: Table, faults: Collector) -> None:
    """Adds a fault for each name that stands for nothing."""
    services = tree.get("services")
    if not isinstance(services, Table) or not services.entries:
        faults.add(services.place if services else tree.place, ("services",), "there is no service", "write one")
        return
    for name, entry in services.entries.items():
        if isinstance(entry.node, Table):
            for section, wanted, place, path in _named(name, entry.node):
                _check(tree, section, wanted, place, path, faults)
    _check_circles(services, faults)


def _check(tree: Table, section: str, wanted: str, place: Place, path: Path, faults: Collector) -> None:
    there = tree.get(section)
    known = there.entries if isinstance(there, Table) else {}
    if wanted in known or (section == "networks" and wanted == "default"):
        return
    near = nearest(wanted, known)
    one = section.removesuffix("s")
    way_out = f"did you mean {near}?" if near else f"declare it at the top, under `{section}:`"
    faults.add(place, path, f"there is no {one} {wanted!r}", way_out)


def _named(name: str, service: Table) -> Iterator[tuple[str, str, Place, Path]]:
    """What a service names: the section it must be in, the name, and where it stands."""
    path: Path = ("services", name)
    for key, section in (("depends_on", "services"), ("networks", "networks")):
        found = service.get(key)
        for other, entry in found.entries.items() if isinstance(found, Table) else ():
            yield section, other, entry.place, (*path, key, other)
    for key in ("secrets", "configs"):
        for number, item in _items(service.get(key)):
            source = item.get("source") if isinstance(item, Table) else None
            if isinstance(source, Scalar):
                yield key, source.text, source.place, (*path, key, number)
    for number, item in _items(service.get("volumes")):
        source, kind = (item.get("source"), item.get("type")) if isinstance(item, Table) else (None, None)
        if isinstance(source, Scalar) and isinstance(kind, Scalar) and kind.text == "volume":
            yield "volumes", source.text, source.place, (*path, "volumes", number)
    for number, item in _items(service.get("links")):
        if isinstance(item, Scalar):
            yield "services", item.text.partition(":")[0], item.place, (*path, "links", number)


def _items(node: Node | None) -> Iterator[tuple[int, Node]]:
    return enumerate(node.items) if isinstance(node, Items) else iter(())


def _check_circles(services: Table, faults: Collector) -> None:
    graph = {name: list(_before(entry.node)) for name, entry in services.entries.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        names = [str(one) for one in circle.args[1]]
        place = services.entries[names[0]].place if names[0] in services.entries else services.place
        faults.add(place, ("services", names[0], "depends_on"), f"a circle: {' -> '.join(names)}", "break it")


def _before(service: Node) -> Iterator[str]:
    depends = service.get("depends_on") if isinstance(service, Table) else None
    return iter(depends.entries if isinstance(depends, Table) else ())
