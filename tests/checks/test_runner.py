"""The runner: order, the third state, evidence, and cleaning up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from hardway.checks.check import Check, Finding, Wrong, check, count, expect, judged, said, troubles, until_right
from hardway.checks.registry import CHECKS
from hardway.checks.runner import Row, State, all_passed, refuse_misfits, run_all
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter

SCENE = cast(Scene, SimpleNamespace())


def made(name: str, *after: str, finding: Finding | Exception | None = None, within: float = 30.0) -> Check:
    async def run(_: Scene) -> Finding:
        if isinstance(finding, Exception):
            raise finding
        return finding or Finding(True, f"{name} seen")

    return Check(name, f"{name} is proved", Chapter.DNS, run, after, within)


FAILS = Finding(False, "m1: it is off")


@pytest.mark.parametrize(
    ("checks", "states"),
    [
        ([], {}),
        ([made("a"), made("b", "a")], {"a": "passed", "b": "passed"}),
        ([made("a", finding=FAILS), made("b")], {"a": "failed", "b": "passed"}),
        (
            [made("a", finding=FAILS), made("b", "a"), made("c", "b"), made("d")],
            {"a": "failed", "b": "not tried", "c": "not tried", "d": "passed"},
        ),
        (
            [made("a"), made("b", finding=Wrong("bad")), made("c", "a", "b")],
            {"a": "passed", "b": "failed", "c": "not tried"},
        ),
    ],
)
async def test_states(checks: list[Check], states: dict[str, str]) -> None:
    told: list[Row] = []
    rows = await run_all(checks, SCENE, told.append)
    assert {row.name: row.state.value for row in rows} == states
    assert [row.name for row in rows] == [one.name for one in checks]
    assert sorted(told, key=lambda row: row.name) == sorted(rows, key=lambda row: row.name)
    assert all_passed(rows) is (set(states.values()) <= {"passed"})


async def test_what_was_not_tried_says_why() -> None:
    rows = await run_all([made("a", finding=FAILS), made("b", "a"), made("c", "b")], SCENE, lambda row: None)
    assert [row.evidence for row in rows] == ["m1: it is off", "since a failed", "since b not tried"]
    assert rows[1].json() == {
        "check": "b",
        "chapter": "DNS",
        "proves": "b is proved",
        "state": "not tried",
        "evidence": "since a failed",
        "seconds": 0.0,
    }


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        (Wrong("the port\n is closed"), "the port is closed"),
        (ValueError("not JSON"), "ValueError: not JSON"),
        (KeyError("status"), "KeyError: 'status'"),
        (OSError(), "OSError"),
        (TimeoutError(), "no answer in time"),
    ],
)
async def test_a_check_that_stumbles_is_a_check_that_failed(error: Exception, evidence: str) -> None:
    (row,) = await run_all([made("a", finding=error)], SCENE, lambda row: None)
    assert (row.state, row.evidence) == (State.FAILED, evidence)


async def test_a_check_ends_in_its_time() -> None:
    @check("slow", "nothing", Chapter.DNS, within=0.01)
    async def slow(_: Scene) -> Finding:
        await asyncio.Event().wait()
        return Finding(True, "")

    (row,) = await run_all([slow], SCENE, lambda row: None)
    assert (row.state, row.evidence) == (State.FAILED, "not done within 0 s")


async def test_checks_without_a_dependency_run_at_once() -> None:
    barrier = asyncio.Barrier(3)

    def meeting(name: str) -> Check:
        async def run(_: Scene) -> Finding:
            await barrier.wait()
            return Finding(True, "met")

        return Check(name, "", Chapter.DNS, run, within=5.0)

    rows = await run_all([meeting(name) for name in "abc"], SCENE, lambda row: None)
    assert [row.evidence for row in rows] == ["met"] * 3


@pytest.mark.parametrize(
    ("checks", "fault"),
    [
        ([made("a"), made("a")], "two checks are called a"),
        ([made("a", "b")], "a comes after b"),
        ([made("a", "b"), made("b", "a")], "a comes after b"),
        ([made("a", "a")], "a comes after a"),
    ],
)
def test_misfits_are_refused(checks: list[Check], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        refuse_misfits(checks)


def test_the_registry_fits_together() -> None:
    refuse_misfits(CHECKS)
    assert all(one.proves and one.proves[0].islower() and not one.proves.endswith(".") for one in CHECKS)


async def test_troubles_name_where() -> None:
    async def fine() -> None:
        return None

    async def wrong(text: str) -> None:
        raise Wrong(text)

    found = await troubles({"m1": wrong("off"), "m2": fine(), "m3": wrong("on fire")})
    assert judged(found, "all well") == Finding(False, "m1: off; m3: on fire")
    assert judged([], "all well") == Finding(True, "all well")


async def test_what_is_heard_by_and_by_is_asked_again() -> None:
    faults = iter([Wrong("not yet"), OSError("refused")])

    async def question() -> str:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        return "right"

    assert await until_right(question, within=30.0) == "right"


async def test_what_is_never_right_ends_with_the_last_answer() -> None:
    async def question() -> None:
        raise Wrong("nobody listens")

    with pytest.raises(Wrong, match=r"^nobody listens \(for 0 s\)$"):
        await until_right(question, within=0.05)


def test_wording() -> None:
    assert (count(1, "node"), count(3, "node")) == ("1 node", "3 nodes")
    expect("the answer", 200, 200)
    with pytest.raises(Wrong, match="the answer is 401, not 200"):
        expect("the answer", 401, 200)
    assert len(said(Wrong("x"))) == 1
