"""Applying: order is kept, independent work goes on at once, a failure stops what follows and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from hardway.engine.apply import Apply, ApplyFailed, Stopped, handlers_by_kind
from hardway.engine.handler import Context, StepFailed
from hardway.engine.journal import Journal, JournalUnusable
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Chapter, Content, Ref, Resource, Seen
from hardway.resources.host import Directory, File, Unit
from tests.simulated_world import Nobody


def nothing(ref: Ref) -> bytes:
    raise KeyError(ref)


class Scripted:
    """A handler that says in which batches it was called, and fails where told."""

    kinds = ("directory", "file", "unit")

    def __init__(self, fail: str = "", hold: asyncio.Event | None = None) -> None:
        self.calls: list[list[str]] = []
        self.fail = fail
        self.hold = hold
        self.held = asyncio.Event()

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {}

    def owned(self, seen: Seen) -> Resource:
        raise AssertionError

    def batch(self, step: Step) -> str | None:
        return None if step.resource.kind == "unit" else step.machine

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        self.calls.append([step.resource.name for step in steps])
        for step in steps:
            if step.resource.name == self.fail:
                raise StepFailed(step.id, "it broke", "last words")
            if self.hold and step.resource.name == "first":
                self.held.set()
                await self.hold.wait()
            await asyncio.sleep(0)
            context.finished(step)


def some_plan() -> Plan:
    directory = Directory(chapter=Chapter.ETCD, machine="m", path="/d")
    files = [File(chapter=Chapter.ETCD, machine="m", path=f"/d/{n}", content=Content.of(n)) for n in "ab"]
    first = Unit(chapter=Chapter.ETCD, machine="m", unit="first", restart_on=(files[0].id,))
    second = Unit(chapter=Chapter.ETCD, machine="m", unit="second", starts_after=(first.id,))
    other = Unit(chapter=Chapter.ETCD, machine="n", unit="other")
    return make_plan([second, first, *files, directory, other], {}, lambda ref: None)


def apply(handler: Scripted, record: Nobody) -> Apply:
    return Apply(some_plan(), handlers_by_kind([handler]), nothing, record, Nobody())


async def test_quick_steps_of_a_machine_go_in_one_batch_in_order() -> None:
    handler, record = Scripted(), Nobody()
    await apply(handler, record).run()
    assert ["/d", "/d/a", "/d/b"] in handler.calls
    finished = [one.rsplit(":", 1)[1] for what, one in record.told if what == "finished"]
    assert finished.index("first") < finished.index("second")
    assert set(finished) == {"/d", "/d/a", "/d/b", "first", "second", "other"}


async def test_each_step_is_written_before_and_after() -> None:
    record = Nobody()
    await apply(Scripted(), record).run()
    for one in {step for _, step in record.told}:
        assert [what for what, step in record.told if step == one] == ["started", "finished"]


async def test_a_failure_begins_nothing_more_and_lets_the_rest_end() -> None:
    handler, record = Scripted(fail="first"), Nobody()
    with pytest.raises(ApplyFailed, match="it broke") as caught:
        await apply(handler, record).run()
    assert caught.value.left == 1
    assert caught.value.failures[0].evidence == "last words"
    assert ("finished", "unit:n:other") in record.told
    assert ("started", "unit:m:second") not in record.told


async def test_the_rest_of_a_broken_batch_is_recorded_as_not_reached() -> None:
    record = Nobody()
    with pytest.raises(ApplyFailed):
        await apply(Scripted(fail="/d/a"), record).run()
    assert ("failed", "file:m:/d/b") in record.told


async def test_a_stop_ends_what_has_begun_and_no_more() -> None:
    hold = asyncio.Event()
    handler, record = Scripted(hold=hold), Nobody()
    work = apply(handler, record)
    running = asyncio.ensure_future(work.run())
    await handler.held.wait()
    work.stop.set()
    hold.set()
    with pytest.raises(Stopped) as caught:
        await running
    assert caught.value.left == 1
    assert ("finished", "unit:m:first") in record.told


def test_two_handlers_for_a_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="directory"):
        handlers_by_kind([Scripted(), Scripted()])


def test_the_journal_shows_the_step_that_was_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    plan = some_plan()
    run = journal.begin("up", "1", plan)
    run.started(plan.steps[:2])
    run.finished(plan.steps[0])
    journal.close()
    again = Journal(tmp_path / "journal.sqlite")
    assert [step.id for step in again.cut_off()] == [plan.steps[1].id]
    assert (tmp_path / "journal.sqlite").stat().st_mode & 0o777 == 0o600
    next_run = again.begin("up", "1", Plan(()))
    next_run.end("done")
    assert again.cut_off() == ()
    assert [one.outcome for one in again.runs()] == [None, "done"]
    again.close()


def test_a_damaged_journal_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(JournalUnusable, match="not a database"):
        Journal(tmp_path / "journal.sqlite")
