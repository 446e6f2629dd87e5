"""In which order objects are applied. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource
from hardway.resources.kubernetes import KubeObject


def waves(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each wave's steps wait for no other of the same or a later wave; namespaces before all else."""
    left = list(steps)
    while left:
        ids = {step.id for step in left}
        ready = [step for step in left if not ids.intersection(step.needs)] or left
        spaces = [step for step in ready if step.action is not Action.REMOVE and is_a(step.resource, "Namespace")]
        wave = spaces or ready
        yield wave
        left = [step for step in left if step not in wave]


def is_a(resource: Resource, kind: str) -> bool:
    """Whether it is an object of that kind."""
    return isinstance(resource, KubeObject) and bool(resource.body["kind"] == kind)
