"""Files of variables: quotes, comments, export, variables in values."""

from __future__ import annotations

import pytest

from hardway.compose.faults import Collector
from hardway.compose.loading.dotenv import read_variables

AROUND = {"HOME": "/home/me", "SET": "around"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A: 1", {"A": "1"}),
        ("A = spaced  ", {"A": "spaced"}),
        ("export A=1", {"A": "1"}),
        ("# a comment\n\n  # another\nA=1", {"A": "1"}),
        ("A=1 # a comment", {"A": "1"}),
        ("A=1#none", {"A": "1#none"}),
        ("A=#all", {"A": ""}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A='single $HOME'", {"A": "single $HOME"}),
        ('A="double $HOME"', {"A": "double /home/me"}),
        ('A="two\\nlines \\"quoted\\" \\$HOME"', {"A": 'two\nlines "quoted" $HOME'}),
        ('A="over\ntwo lines"', {"A": "over\ntwo lines"}),
        ("A='over\ntwo'\nB=1", {"A": "over\ntwo", "B": "1"}),
        ("A=1\nB=${A}2", {"A": "1", "B": "12"}),
        ("A=${NONE:-x}", {"A": "x"}),
        ("SET", {"SET": "around"}),
        ("NOT_SET", {}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_values(text: str, found: dict[str, str]) -> None:
    faults = Collector()
    assert read_variables(text, ".env", AROUND, faults) == found
    assert not faults.faults


def test_raw_values_stand_as_they_are() -> None:
    faults = Collector()
    assert read_variables("A='$HOME' # kept", "raw.env", AROUND, faults, raw=True) == {"A": "'$HOME' # kept"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("A=1\nno variable", 2, "followed by no = sign"),
        ("=1", 1, "no NAME=value line"),
        ("A='open", 1, "not closed"),
        ("A=${B", 1, "followed by none of"),
        ("\n\n1A=x", 3, "no NAME=value line"),
    ],
)
def test_faults_have_their_lines(text: str, line: int, says: str) -> None:
    faults = Collector()
    read_variables(text, ".env", AROUND, faults)
    assert [(one.line, says in one.what) for one in faults.faults] == [(line, True)]
