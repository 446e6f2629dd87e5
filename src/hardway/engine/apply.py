"""Runs the steps of a plan: all that is ready at once, in batches where a handler can take several in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hardway.engine.handler import Context, Handler, Resolve, StepFailed
from hardway.plan.steps import Plan, Step


class Record(Protocol):
    """Where each step is written before and after (the journal)."""

    def started(self, steps: Sequence[Step]) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, step_id: str, what: str, output: str) -> None: ...


class Watcher(Protocol):
    """Who is told what happens, as it happens (the live view)."""

    def started(self, step: Step) -> None: ...
    def waiting(self, step_id: str, what: str) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, failure: StepFailed) -> None: ...


class ApplyFailed(Exception):
    """Some steps failed; what did not depend on them and had begun was brought to its end."""

    def __init__(self, failures: Sequence[StepFailed], left: int) -> None:
        super().__init__("; ".join(f"{failure.step_id}: {failure.what}" for failure in failures))
        self.failures = tuple(failures)
        self.left = left
        """How many steps were not begun."""


class Stopped(Exception):
    """The user asked to stop; what had begun was brought to its end."""

    def __init__(self, left: int) -> None:
        super().__init__(f"stopped with {left} steps left")
        self.left = left


def handlers_by_kind(handlers: Iterable[Handler]) -> Mapping[str, Handler]:
    """One handler a kind; ValueError where two claim the same."""
    by_kind: dict[str, Handler] = {}
    for handler in handlers:
        for kind in handler.kinds:
            if kind in by_kind:
                raise ValueError(f"two handlers for {kind}")
            by_kind[kind] = handler
    return by_kind


@dataclass
class Apply:
    """One application of one plan."""

    plan: Plan
    handlers: Mapping[str, Handler]
    resolve: Resolve
    record: Record
    watcher: Watcher
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to begin no more steps."""
    _open: dict[str, set[str]] = field(init=False)
    _waiting_steps: dict[str, Step] = field(init=False)
    _running: dict[asyncio.Task[None], str | None] = field(default_factory=dict)
    _failures: list[StepFailed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting_steps = {step.id: step for step in self.plan.steps}
        self._open = {step.id: set(step.needs) for step in self.plan.steps}
        self._dependents: dict[str, list[str]] = {}
        for step in self.plan.steps:
            for need in step.needs:
                self._dependents.setdefault(need, []).append(step.id)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Carry out the whole plan. Raises ApplyFailed, or Stopped."""
        try:
            await self._run()
        except BaseException:
            await self._cancel_running()
            raise
        if self._failures:
            raise ApplyFailed(self._failures, len(self._waiting_steps))
        if self._waiting_steps:
            raise Stopped(len(self._waiting_steps))

    async def _run(self) -> None:
        while self._waiting_steps or self._running:
            self._launch()
            if not self._running:
                return
            await self._something_happens()

    async def _something_happens(self) -> None:
        """A task ends, a step of a running batch takes effect, or the user asks to stop."""
        self._changed.clear()
        changed = asyncio.ensure_future(self._changed.wait())
        await asyncio.wait([*self._running, changed], return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            task.result()

    def _launch(self) -> None:
        if self._failures or self.stop.is_set():
            return
        busy = {key for key in self._running.values() if key is not None}
        for key, steps in self._batches(busy):
            for step in steps:
                del self._waiting_steps[step.id]
            self.record.started(steps)
            for step in steps:
                self.watcher.started(step)
            self._running[asyncio.ensure_future(self._carry_out(steps))] = key

    def _batches(self, busy: set[str]) -> list[tuple[str | None, list[Step]]]:
        """What can begin now. A batch also takes steps that wait only for earlier steps of the same batch."""
        alone: list[tuple[str | None, list[Step]]] = []
        together: dict[str, list[Step]] = {}
        begun: dict[str, set[str]] = {}
        for step in self._in_order():
            key = self.handlers[step.resource.kind].batch(step)
            if key in busy:
                continue
            if key is None:
                if not self._open[step.id]:
                    alone.append((None, [step]))
            elif self._open[step.id] <= begun.setdefault(key, set()):
                together.setdefault(key, []).append(step)
                begun[key].add(step.id)
        return [*alone, *together.items()]

    def _in_order(self) -> list[Step]:
        """The waiting steps, each after those waiting steps that it needs."""
        order: dict[str, Step] = {}

        def visit(step: Step) -> None:
            if step.id in order:
                return
            for need in self._open[step.id]:
                if need in self._waiting_steps and need not in order:
                    visit(self._waiting_steps[need])
            order[step.id] = step

        for step in self._waiting_steps.values():
            visit(step)
        return list(order.values())

    async def _carry_out(self, steps: Sequence[Step]) -> None:
        handler = self.handlers[steps[0].resource.kind]
        done: set[str] = set()

        def finished(step: Step) -> None:
            done.add(step.id)
            self.record.finished(step)
            self._finished(step)

        context = Context(self.resolve, finished, self.watcher.waiting)
        try:
            await handler.apply(steps, context)
        except StepFailed as failure:
            self._failed(failure)
            for step in steps:
                if step.id not in done and step.id != failure.step_id:
                    self.record.failed(step.id, "not reached", "")
        else:
            missed = [step.id for step in steps if step.id not in done]
            if missed:
                self._failed(StepFailed(missed[0], "its handler ended without carrying it out"))

    def _finished(self, step: Step) -> None:
        for dependent in self._dependents.get(step.id, ()):
            self._open[dependent].discard(step.id)
        self.watcher.finished(step)
        self._changed.set()

    def _failed(self, failure: StepFailed) -> None:
        self._failures.append(failure)
        self.record.failed(failure.step_id, failure.what, failure.evidence)
        self.watcher.failed(failure)

    async def _cancel_running(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
