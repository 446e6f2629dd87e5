"""Unit files and command lines: what a user or a machine may put into them, and what is refused."""

from __future__ import annotations

import pytest

from hardway.components.unit_file import command, flags, unit_text


@pytest.mark.parametrize(
    "word",
    [
        "",
        "two words",
        "a\nExecStartPre=/bin/sh",
        "a\tb",
        "$HOME",
        "${HOME}",
        "%h",
        'say"',
        "it's",
        "back\\slash",
        "a;b",
        "`id`",
    ],
)
def test_a_word_that_systemd_would_not_take_literally_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="not fit for a unit's command line"):
        command("/usr/local/bin/etcd", [f"--name={word}" if word else ""])


@pytest.mark.parametrize(
    "word",
    ["--controllers=*,-one-controller", "--feature-gates=A=true,B=false", "--bind-address=[::]", "--x={a:1}", "-f"],
)
def test_a_plain_word_stays_as_it_is(word: str) -> None:
    assert command("/bin/program", [word]) == f"/bin/program \\\n  {word}"


def test_flags_of_the_spec_win_and_the_order_is_stable() -> None:
    own = {"name": "a", "data-dir": "/data"}
    assert flags(own, {"v": "2", "name": "b"}) == ("--data-dir=/data", "--name=b", "--v=2")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Description", "two\nlines"),
        ("Description", "goes on \\"),
        ("Environment=A", "b"),
        ("[Service]", "x"),
        ("", "x"),
    ],
)
def test_a_setting_cannot_break_out_of_its_line(key: str, value: str) -> None:
    with pytest.raises(ValueError, match="not fit for a unit file"):
        unit_text(((key, value),), ())


def test_sections_come_in_order_and_a_key_may_come_again() -> None:
    text = unit_text((("Description", "d"),), (("ExecStart", "/bin/a"), ("ExecStart", "/bin/b")))
    assert text == (
        "[Unit]\nDescription=d\n\n"
        "[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
