"""What a component is: a name, and a pure function from the spec and the machines' facts to what shall be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hardway.components.facts import Facts
from hardway.resources.base import Resource
from hardway.spec.model import Cluster

FactsOf = Mapping[str, Facts]
"""Facts by machine name; every machine of the cluster is in it."""

Wanted = Callable[[Cluster, FactsOf], tuple[Resource, ...]]


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the cluster. A new one is a new file here and its name in `registry.COMPONENTS`."""

    name: str
    wanted: Wanted


def ids(resources: Iterable[Resource]) -> tuple[str, ...]:
    """Their ids, in order."""
    return tuple(resource.id for resource in resources)
