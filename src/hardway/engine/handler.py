"""What a kind of resource must be able to do in the world: be observed, be carried out. One handler a kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hardway.plan.steps import Step
from hardway.resources.base import Ref, Resource, Seen

Resolve = Callable[[Ref], bytes]
"""The value of a reference at the time a step runs; raises KeyError for what was never made."""

Finished = Callable[[Step], None]
"""Called by a handler the moment a step of its batch has taken effect."""

Waiting = Callable[[str, str], None]
"""Called with a step's id and what it waits for now ("10.0.0.10:2379 answers 503"), for the live view and the error."""


class StepFailed(Exception):
    """A step could not be done. Says what was run, what it answered, and a way out; never a secret."""

    def __init__(self, step_id: str, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.step_id = step_id
        self.what = what
        self.evidence = evidence
        """The last lines of what the machine said."""
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler is given beside its steps."""

    resolve: Resolve
    finished: Finished
    waiting: Waiting


class Handler(Protocol):
    """Observes and carries out some kinds of resources."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The `kind` of each resource class it is for."""
        ...

    def observe(self, resources: Sequence[Resource]) -> Awaitable[Mapping[str, Seen]]:
        """What is there now, by id; ids that are left out are absent. Also what is owned by this cluster and of these
        kinds but not among `resources` (with `owned=True`), so that it can be removed."""
        ...

    def owned(self, seen: Seen) -> Resource:
        """The resource to remove for something owned that is no longer wanted, from what was seen of it."""
        ...

    def batch(self, step: Step) -> str | None:
        """Steps with the same key that are ready together are carried out in one call; None: alone."""
        ...

    def apply(self, steps: Sequence[Step], context: Context) -> Awaitable[None]:
        """Carry the steps out in this order; call `context.finished` for each as it takes effect; raise StepFailed."""
        ...
