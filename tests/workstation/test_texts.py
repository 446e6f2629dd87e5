"""Edits of others' files: our block, and one line of mimeapps.list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardway.workstation.texts import BEGIN, END, block_of, default_of, with_block, with_default, without_block

OURS = f"{BEGIN}\na\nb\n{END}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", OURS),
        ("x\n", f"x\n{OURS}"),
        ("x", f"x\n{OURS}"),
        (f"x\n{BEGIN}\nold\n{END}\ny\n", f"x\n{OURS}y\n"),
        (f"x\n{BEGIN}\ncut off", f"x\n{BEGIN}\ncut off\n{OURS}"),
    ],
)
def test_the_block_is_put_in_its_place_or_at_the_end(before: str, after: str) -> None:
    assert with_block(before, ("a", "b")) == after


def test_only_the_block_is_taken_out() -> None:
    assert without_block(f"x\n{OURS}y\n") == "x\ny\n"
    assert without_block("x\n") == "x\n"
    assert block_of(f"x\n{OURS}") == ("a", "b")
    assert block_of("x\n") is None


@given(st.text(), st.lists(st.from_regex(r"\A[a-z ]*\Z"), max_size=3))
def test_in_and_out_again_changes_nothing_but_a_missing_last_line_end(text: str, lines: list[str]) -> None:
    placed = with_block(text, lines)
    assert block_of(placed) == tuple(lines)
    assert with_block(placed, lines) == placed
    assert without_block(placed) in (text, f"{text}\n")


MIMEAPPS = """[Added Associations]
text/plain=other.desktop;

[Default Applications]
text/plain=vim.desktop;ed.desktop
text/html=web.desktop

[Removed Associations]
text/html=x.desktop
"""


def test_a_default_is_that_of_its_section() -> None:
    assert default_of(MIMEAPPS, "text/plain") == "vim.desktop;ed.desktop"
    assert default_of(MIMEAPPS, "text/xml") is None


def test_a_default_is_put_back_or_taken_out_and_all_else_stays() -> None:
    assert with_default(MIMEAPPS, "text/html", "a.desktop") == MIMEAPPS.replace("=web.desktop", "=a.desktop")
    assert with_default(MIMEAPPS, "text/html", None) == MIMEAPPS.replace("text/html=web.desktop\n", "")
