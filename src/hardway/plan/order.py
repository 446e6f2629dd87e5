"""The order between resources: a graph of honest edges, taken from what each resource refers to and follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from hardway.resources.base import OPERATOR, Resource


class Circular(Exception):
    """Resources that wait for each other; a fault of a component, never of the user."""


def edges(resources: Sequence[Resource]) -> Mapping[str, frozenset[str]]:
    """For each id the ids that must be in place first, among these resources."""
    ids = {resource.id for resource in resources}
    return {
        one.id: frozenset(before for before in _before(one) if before in ids and before != one.id) for one in resources
    }


def _before(resource: Resource) -> Iterable[str]:
    yield from resource.needs
    yield from resource.follows
    yield from (ref.resource for ref in resource.refs)
    if resource.machine != OPERATOR and resource.id != machine_id(resource.machine):
        yield machine_id(resource.machine)
        yield reboot_id(resource.machine)


def machine_id(machine: str) -> str:
    """The id of the resource that is the machine itself."""
    return f"machine:{machine}:{machine}"


def reboot_id(machine: str) -> str:
    """The id of the machine's restart, which comes before anything is laid on it."""
    return f"reboot:{machine}:{machine}"


def sorted_by_edges(graph: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """All ids, each after those it waits for. Raises Circular."""
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as fault:
        raise Circular(" -> ".join(map(str, fault.args[1]))) from fault


def removal_rank(resource: Resource) -> tuple[int, int, str]:
    """Sorts removals: by kind, deeper paths first, then by name."""
    return (resource.removal, -resource.name.count("/"), resource.id)


def removal_edges(resources: Sequence[Resource]) -> Mapping[str, frozenset[str]]:
    """For each removal the ids that must have gone first: the kinds before it, where they may use it.

    Things of one machine wait only for things of that machine; what belongs to the operator's side (network, keys)
    waits for everything of an earlier kind.
    """
    return {one.id: frozenset(other.id for other in resources if _goes_before(other, one)) for one in resources}


def _goes_before(other: Resource, one: Resource) -> bool:
    if other.id == one.id or one.machine not in (OPERATOR, other.machine):
        return False
    if other.kind == one.kind == "directory":
        return other.name.startswith(one.name + "/")
    return other.removal < one.removal
