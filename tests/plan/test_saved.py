"""A saved plan: read back as written, refused when cut short, altered, or overtaken by the world."""

from __future__ import annotations

import json

import pytest

from hardway.plan.diff import make_plan
from hardway.plan.saved import PlanFileFault, beyond, load_plan, moved, plan_json
from hardway.plan.steps import Plan
from hardway.resources.base import Chapter, Content, Seen
from hardway.resources.kubernetes import Condition
from tests.plan.test_diff import file, in_place, nothing


def saved(plan: Plan) -> str:
    return json.dumps(plan_json(plan, "c", "spec"))


def test_it_is_read_back_and_has_not_moved() -> None:
    plan = make_plan([file("/a", "x")], {}, nothing)
    read = load_plan(saved(plan))
    assert (read.cluster, read.spec) == ("c", "spec")
    assert moved(read, plan) == ()


def test_each_way_in_which_the_world_moved_is_named() -> None:
    a, b, c = file("/a", "x"), file("/b", "x"), file("/c", "x")
    then = make_plan([a, b], in_place(c), nothing)
    altered = in_place(b)
    now = make_plan([b, c], {b.id: altered[b.id].__class__(b.id, {"sha256": "1", "owner": "root"})}, nothing)
    assert moved(load_plan(saved(then)), now) == (
        "file:m:/a: was to create, now there is nothing to do",
        "file:m:/c: now to create (it is not there), was not in the plan",
        "file:m:/b: would change otherwise than planned",
    )


def test_steps_that_were_not_agreed_to_are_found() -> None:
    a, b, c = file("/a", "x"), file("/b", "x"), file("/c", "x")
    ready = Condition(chapter=Chapter.WORKERS, api_version="v1", object_kind="Node", object_name="w", condition="Ready")
    agreed = make_plan([a, b], {}, nothing)
    other = Seen(b.id, {"sha256": "1", "owner": "root", "mode": "0644"})
    found = beyond(agreed, make_plan([a, b, c, ready], {b.id: other}, nothing))
    assert [step.id for step in found] == [b.id, c.id]
    assert beyond(agreed, agreed) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "other"}',
        saved(make_plan([file("/a", "x")], {}, nothing))[:-40],
        saved(make_plan([file("/a", "x")], {}, nothing)).replace("/a", "/b"),
    ],
)
def test_a_file_that_is_no_whole_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanFileFault, match="hardway plan --out"):
        load_plan(text)


def test_a_secret_is_not_in_it() -> None:
    one = file("/a", "x")
    assert Content.of("x").refs == ()
    assert "content" not in saved(make_plan([one], {}, nothing)).replace("its content", "")
