"""How the run of tempest chooses tests and reads what came of them."""

from __future__ import annotations

import re

import pytest
from tools.tempest.listed import MUST_PASS, listed
from tools.tempest.run import pattern, results

JUNIT = """<testsuite errors="0" failures="1" skipped="1" tests="3">
<testcase classname="tempest.a.T" name="test_x[id-1,smoke]" time="1.5"/>
<testcase classname="tempest.a.T" name="test_y[id-2]" time="0.5"><failure type="x">one\ntwo</failure></testcase>
<testcase classname="tempest.a.T" name="test_z[id-3]" time="0.0"><skipped>no such service</skipped></testcase>
</testsuite>"""


def test_the_list_holds_what_must_hold() -> None:
    tests = listed(MUST_PASS.read_text())
    assert len(set(tests)) == len(tests)
    for name in ("test_network_basic_ops", "test_server_basic_ops"):
        assert any(test.endswith(f".{name}") for test in tests)
    assert listed("# a\n\n b # c\nd\n") == ["b", "d"]


@pytest.mark.parametrize(
    ("test", "chosen"),
    [
        ("tempest.a.T.test_x[id-1,smoke]", True),
        ("tempest.a.T.test_xy[id-2]", False),
        ("other.tempest.a.T.test_x[id-1]", False),
    ],
)
def test_which_tests_a_name_means(test: str, chosen: bool) -> None:
    assert bool(re.search(pattern("tempest.a.T.test_x"), test)) is chosen
    assert re.search(pattern("tempest.a.T"), "tempest.a.T.test_x[id-1]")


def test_what_came_of_each() -> None:
    found = [(one.test, one.state, one.seconds, one.evidence) for one in results(JUNIT)]
    assert found == [
        ("tempest.a.T.test_x[id-1,smoke]", "success", 1.5, ""),
        ("tempest.a.T.test_y[id-2]", "failure", 0.5, "one\ntwo"),
        ("tempest.a.T.test_z[id-3]", "skipped", 0.0, "no such service"),
    ]
