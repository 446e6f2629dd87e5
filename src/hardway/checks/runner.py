"""Runs the checks: all at once, each after those without which it proves nothing, and takes everything away again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from hardway.checks.check import Check, Finding, judged, said, troubles
from hardway.resources.base import Chapter

if TYPE_CHECKING:
    from hardway.checks.scene import Scene
    from hardway.checks.subject import Subject


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not tried"
    """A check that it comes after did not pass."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is reported of a check."""

    name: str
    chapter: Chapter
    proves: str
    state: State
    evidence: str
    seconds: float

    def json(self) -> Mapping[str, Any]:
        return {
            "check": self.name,
            "chapter": self.chapter.value,
            "proves": self.proves,
            "state": self.state.value,
            "evidence": self.evidence,
            "seconds": round(self.seconds, 3),
        }


OnRow = Callable[[Row], None]
"""Called the moment a check ends."""

CLEAN_UP: Final = "clean-up"


async def verify(
    subject: Subject, checks: Sequence[Check] | None = None, on_row: OnRow = lambda row: None
) -> list[Row]:
    """Run the checks (by default all) that concern the cluster; answers a row for each, in their order, and one for the
    clean-up.

    Raises ApiUnavailable where the kubeconfig cannot be read, ValueError for checks that do not fit together.
    """
    from hardway.checks.registry import CHECKS
    from hardway.checks.scene import Scene  # the API's client takes a while to import

    chosen = tuple(one for one in (CHECKS if checks is None else checks) if one.concerns(subject.cluster))
    async with Scene(subject) as scene:
        try:
            rows = await run_all(chosen, scene, on_row)
        finally:
            cleaned = await _clean(scene)
            on_row(cleaned)
        return [*rows, cleaned]


def all_passed(rows: Sequence[Row]) -> bool:
    """Whether the cluster is proved to work."""
    return all(row.state is State.PASSED for row in rows)


async def run_all(checks: Sequence[Check], scene: Scene, on_row: OnRow) -> list[Row]:
    """Every check as soon as those before it have ended. Raises ValueError for checks that do not fit."""
    refuse_misfits(checks)
    tasks: dict[str, asyncio.Task[Row]] = {}

    async def row_of(check: Check) -> Row:
        before = [await asyncio.shield(tasks[name]) for name in check.after]
        blocking = [row for row in before if row.state is not State.PASSED]
        row = _not_tried(check, blocking) if blocking else await _tried(check, scene)
        on_row(row)
        return row

    async with asyncio.TaskGroup() as group:
        tasks.update({check.name: group.create_task(row_of(check)) for check in checks})
    return [task.result() for task in tasks.values()]


def refuse_misfits(checks: Sequence[Check]) -> None:
    """Each check comes after checks that stand before it in the list: so there are no circles."""
    before: set[str] = set()
    for check in checks:
        if check.name in before:
            raise ValueError(f"two checks are called {check.name}")
        unknown = sorted(set(check.after) - before)
        if unknown:
            raise ValueError(f"{check.name} comes after {', '.join(unknown)}, which does not stand before it")
        before.add(check.name)


async def _tried(check: Check, scene: Scene) -> Row:
    began = monotonic()
    finding = await _finding(check, scene)
    state = State.PASSED if finding.passed else State.FAILED
    return Row(check.name, check.chapter, check.proves, state, finding.evidence, monotonic() - began)


async def _finding(check: Check, scene: Scene) -> Finding:
    limit = asyncio.timeout(check.within)
    try:
        async with limit:
            return await check.run(scene)
    except TimeoutError as error:
        return Finding(False, f"not done within {check.within:.0f} s" if limit.expired() else said(error))
    except Exception as error:
        # whatever a sick cluster answers, a check that stumbles over it is a check that failed
        return Finding(False, said(error))


def _not_tried(check: Check, blocking: Sequence[Row]) -> Row:
    why = ", ".join(f"{row.name} {row.state.value}" for row in blocking)
    return Row(check.name, check.chapter, check.proves, State.NOT_TRIED, f"since {why}", 0.0)


async def _clean(scene: Scene) -> Row:
    """The last row, also after Ctrl-C."""
    began = monotonic()
    found = judged(await troubles({scene.space: scene.clean()}), "everything that verify made is gone")
    state = State.PASSED if found.passed else State.FAILED
    proves = "verify leaves nothing behind on the cluster"
    return Row(CLEAN_UP, Chapter.SMOKE_TEST, proves, state, found.evidence, monotonic() - began)
