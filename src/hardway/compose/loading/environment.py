"""What env_file brings into a service's environment, and variables that it takes from around. Reads files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hardway.compose.faults import Collector
from hardway.compose.files import FileFault, Files
from hardway.compose.loading.dotenv import read_variables
from hardway.compose.loading.request import text_of
from hardway.compose.tree import Entry, Items, Node, Scalar, Table, empty, text


def with_env_files(tree: Table, variables: Mapping[str, str], files: Files, faults: Collector) -> Table:
    """Every service's environment as it will be: its files in order, and above them its own."""
    services = tree.get("services")
    if not isinstance(services, Table):
        return tree
    for name, entry in services.entries.items():
        if isinstance(entry.node, Table):
            services = services.having(name, _service(entry.node, variables, files, faults))
    return tree.having("services", services)


def _service(service: Table, variables: Mapping[str, str], files: Files, faults: Collector) -> Table:
    own = service.get("environment")
    entries: dict[str, Entry] = {}
    listed = service.get("env_file")
    for item in listed.items if isinstance(listed, Items) else ():
        if isinstance(item, Table):
            entries |= _of_file(item, {**_values(entries), **variables}, files, faults)
    if isinstance(own, Table):
        entries |= own.entries
    if not entries:
        return service
    place = own.place if own else next(iter(entries.values())).place
    resolved = {name: Entry(entry.place, _value(name, entry.node, variables)) for name, entry in entries.items()}
    known = {name: entry for name, entry in resolved.items() if not _is_unset(entry.node)}
    return service.having("environment", Table(known, place) if known else empty(place))


def _values(entries: Mapping[str, Entry]) -> dict[str, str]:
    return {name: entry.node.text for name, entry in entries.items() if isinstance(entry.node, Scalar)}


def _of_file(item: Table, around: Mapping[str, str], files: Files, faults: Collector) -> dict[str, Entry]:
    path, required, form = item.get("path"), item.get("required"), item.get("format")
    if not isinstance(path, Scalar):
        return {}
    if isinstance(required, Scalar) and required.text == "false" and not _is_there(Path(path.text), files):
        return {}
    content = text_of(Path(path.text), files, faults, path.place)
    if content is None:
        return {}
    raw = isinstance(form, Scalar) and form.text == "raw"
    found = read_variables(content, path.text, around, faults, raw=raw)
    return {name: Entry(path.place, text(value, path.place)) for name, value in found.items()}


def _is_there(path: Path, files: Files) -> bool:
    try:
        return files.read(path) is not None
    except FileFault:
        return True


def _value(name: str, node: Node, variables: Mapping[str, str]) -> Node:
    """A name without a value takes the one that is around."""
    if _is_unset(node) and name in variables:
        return text(variables[name], node.place)
    return text(node.text, node.place) if isinstance(node, Scalar) and node.value is not None else node


def _is_unset(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
