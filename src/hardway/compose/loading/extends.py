"""Services that extend others, of the same file or another one (Compose Specification, "extends")."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.merge import merged
from hardway.compose.tree import Entry, Place, Scalar, Table

Other = Callable[[Path, Place], Table | None]
"""The document of another file; None where it cannot be had, which was told then."""

NOT_TAKEN: Final = ("extends", "profiles")
"""Of the extended service."""


def with_extends(tree: Table, other: Other, faults: Collector) -> Table:
    """Every service with what it extends beneath it."""
    services = tree.get("services")
    if not isinstance(services, Table):
        return tree
    resolving = _Resolving(other, faults)
    entries = {name: Entry(entry.place, resolving.service(tree, "", name)) for name, entry in services.entries.items()}
    return tree.having("services", Table(entries, services.place, services.tag))


class _Resolving:
    def __init__(self, other: Other, faults: Collector) -> None:
        self._other, self._faults = other, faults
        self._documents: dict[str, Table | None] = {}
        self._open: list[tuple[str, str]] = []

    def service(self, tree: Table, file: str, name: str) -> Table:
        services = tree.get("services")
        found = services.get(name) if isinstance(services, Table) else None
        service = found if isinstance(found, Table) else Table({}, tree.place)
        extends = service.get("extends")
        if not isinstance(extends, Table):
            return service
        path = ("services", name, "extends")
        if (file, name) in self._open:
            self._faults.add(extends.place, path, "services that extend each other", "take one `extends` away")
            return service
        self._open.append((file, name))
        base = self._base(tree, file, extends, path)
        self._open.pop()
        if base is None:
            return service
        laid = merged(base.without(*NOT_TAKEN), service.without("extends"), ("services", name), self._faults)
        assert isinstance(laid, Table)
        return laid

    def _base(self, tree: Table, file: str, extends: Table, path: tuple[str, ...]) -> Table | None:
        where, name = extends.get("file"), extends.get("service")
        wanted = name.text if isinstance(name, Scalar) else ""
        document: Table | None = tree
        if isinstance(where, Scalar):
            file = where.text
            if file not in self._documents:
                self._documents[file] = self._other(Path(file), where.place)
            document = self._documents[file]
        if document is None:
            return None
        services = document.get("services")
        if not isinstance(services, Table) or wanted not in services.entries:
            self._faults.add(extends.place, path, f"there is no service {wanted!r} in {file or 'this project'}")
            return None
        return self.service(document, file, wanted)
