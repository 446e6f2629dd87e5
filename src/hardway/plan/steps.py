"""A step is one change: a resource, what was seen in its place, the reason, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hardway.resources.base import Chapter, Resource, Seen, Unknown


class Action(StrEnum):
    """What a step does to its resource."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute that is not as wanted; `before` is None where nothing was, `after` None where nothing shall be."""

    attribute: str
    before: str | None
    after: str | Unknown | None


@dataclass(frozen=True, slots=True)
class Step:
    """One change."""

    resource: Resource
    action: Action
    seen: Seen
    differences: tuple[Difference, ...]
    reason: str
    needs: tuple[str, ...]
    """Ids of the steps of the same plan that must be done first."""

    @property
    def id(self) -> str:
        return self.resource.id

    @property
    def machine(self) -> str:
        return self.resource.machine

    @property
    def chapter(self) -> Chapter:
        return self.resource.chapter

    def changes(self, attribute: str) -> bool:
        """Whether this attribute is among the differences."""
        return any(difference.attribute == attribute for difference in self.differences)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are told; `needs` says in which order they may run."""

    steps: tuple[Step, ...]

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(step.id for step in self.steps)
