"""How far a run is: a frozen value that grows with each event of the engine. Pure; times are in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hardway.plan.steps import Step
from hardway.resources.base import Chapter


@dataclass(frozen=True, slots=True)
class Working:
    """A step that is being carried out."""

    step: Step
    since: float
    waits_for: str = ""
    waits_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a chapter was worked on; chapters overlap."""

    first: float
    last: float

    @property
    def seconds(self) -> float:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts by chapter, steps by id."""

    expected: Mapping[str, int] = field(default_factory=dict)
    begun: Mapping[str, Step] = field(default_factory=dict)
    working: Mapping[str, Working] = field(default_factory=dict)
    done: Mapping[Chapter, int] = field(default_factory=dict)
    failed: Mapping[Chapter, int] = field(default_factory=dict)
    spans: Mapping[Chapter, Span] = field(default_factory=dict)

    def expecting(self, chapters: Mapping[str, int]) -> Progress:
        """With so many steps to come in each chapter."""
        return replace(self, expected=chapters)

    def started(self, step: Step, now: float) -> Progress:
        working = {**self.working, step.id: Working(step, now)}
        return replace(self._touched(step.chapter, now), begun={**self.begun, step.id: step}, working=working)

    def waiting(self, step_id: str, what: str, now: float) -> Progress:
        """The same wait goes on from when it began; events about a step that is not being carried out say nothing."""
        found = self.working.get(step_id)
        if found is None or found.waits_for == what:
            return self
        since = found.waits_since if found.waits_for else now
        return replace(self, working={**self.working, step_id: replace(found, waits_for=what, waits_since=since)})

    def finished(self, step: Step, now: float) -> Progress:
        done = {**self.done, step.chapter: self.done.get(step.chapter, 0) + 1}
        return replace(self._touched(step.chapter, now), done=done, working=_without(self.working, step.id))

    def ended_badly(self, step_id: str, now: float) -> Progress:
        step = self.begun.get(step_id)
        if step is None:
            return self
        failed = {**self.failed, step.chapter: self.failed.get(step.chapter, 0) + 1}
        return replace(self._touched(step.chapter, now), failed=failed, working=_without(self.working, step_id))

    def _touched(self, chapter: Chapter, now: float) -> Progress:
        span = self.spans.get(chapter, Span(now, now))
        return replace(self, spans={**self.spans, chapter: replace(span, last=now)})

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """Those that have steps, in the order in which they are told."""
        met = {*self.expected, *self.spans}
        return tuple(chapter for chapter in Chapter if chapter in met)

    def total(self, chapter: Chapter) -> int:
        """How many steps the chapter has; more may turn up once machines that were off can be looked at."""
        begun = self.done.get(chapter, 0) + self.failed.get(chapter, 0)
        now = sum(1 for one in self.working.values() if one.step.chapter is chapter)
        return max(self.expected.get(chapter, 0), begun + now)

    def complete(self, chapter: Chapter) -> bool:
        return self.done.get(chapter, 0) >= self.total(chapter)

    @property
    def machines(self) -> Mapping[str, tuple[Working, ...]]:
        """By machine what is being done on it, the step that was begun first before the others."""
        found: dict[str, list[Working]] = {}
        for one in self.working.values():
            found.setdefault(one.step.machine, []).append(one)
        return {name: tuple(works) for name, works in found.items()}


def _without(working: Mapping[str, Working], step_id: str) -> Mapping[str, Working]:
    return {one: found for one, found in working.items() if one != step_id}
