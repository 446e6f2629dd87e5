"""Which services are active: those without profiles, and those of an enabled one. Pure."""

from __future__ import annotations

from hardway.compose.faults import Collector
from hardway.compose.tree import Items, Scalar, Table


def active(tree: Table, profiles: frozenset[str], faults: Collector) -> Table:
    """Without the services of profiles that are not enabled; `*` enables all."""
    services = tree.get("services")
    if not isinstance(services, Table):
        return tree
    off = {name for name, entry in services.entries.items() if not _enabled(entry.node, profiles)}
    left = services.without(*off)
    for name, entry in left.entries.items():
        if isinstance(entry.node, Table):
            left = left.having(name, _without_optional(name, entry.node, off, faults))
    return tree.having("services", left)


def _enabled(service: object, profiles: frozenset[str]) -> bool:
    listed = service.get("profiles") if isinstance(service, Table) else None
    names = {item.text for item in listed.items if isinstance(item, Scalar)} if isinstance(listed, Items) else set()
    return not names or "*" in profiles or bool(names & profiles)


def _without_optional(name: str, service: Table, off: set[str], faults: Collector) -> Table:
    depends = service.get("depends_on")
    if not isinstance(depends, Table):
        return service
    for other, entry in depends.entries.items():
        if other not in off:
            continue
        required = entry.node.get("required") if isinstance(entry.node, Table) else None
        if isinstance(required, Scalar) and required.text == "false":
            depends = depends.without(other)
        else:
            way_out = "enable its profile with --profile, or write `required: false`"
            faults.add(
                entry.place, ("services", name, "depends_on", other), f"{other} is in no enabled profile", way_out
            )
    return service.having("depends_on", depends)
