"""What cmd.exe is given and what it answers: no value is ever in the command line."""

from __future__ import annotations

import pytest

from hardway.workstation.command_interpreter import SHARED, VARIABLE, answer, ask, command_for, tell

CMD = ("cmd.exe",)


def test_a_value_travels_in_the_environment_alone() -> None:
    value = command_for(r"C:\Program Files\A & B!\ed.exe")
    call = tell(CMD, "ftype", "txtfile", value)
    assert call.argv == ("cmd.exe", "/d", "/u", "/v:on", "/c", "ftype", f"txtfile=!{VARIABLE}!")
    assert call.environment[VARIABLE] == r'"C:\Program Files\A & B!\ed.exe" "%1"'
    assert not any(sign in word for word in call.argv for sign in ' "&%')


def test_what_wsl_hands_over_already_stays_handed_over() -> None:
    assert tell(CMD, "assoc", ".txt", "txtfile", "USERPROFILE/p").environment[SHARED] == f"USERPROFILE/p:{VARIABLE}/w"


def test_taking_away_and_asking() -> None:
    assert tell(CMD, "assoc", ".txt", None).argv == ("cmd.exe", "/d", "/u", "/c", "assoc", ".txt=")
    assert ask(("wine", "cmd"), "assoc", ".txt").argv == ("wine", "cmd", "/d", "/u", "/c", "assoc", ".txt")


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ('txtfile="C:\\日本\\ed.exe" "%1"\r\n', '"C:\\日本\\ed.exe" "%1"'),
        ("TxtFile=%SystemRoot%\\system32\\NOTEPAD.EXE %1\r\n", "%SystemRoot%\\system32\\NOTEPAD.EXE %1"),
        ("a notice first\r\ntxtfile=x=y\r\n", "x=y"),
        ("File type 'txtfile' not found or no open command associated with it.\r\n", None),
        ("", None),
    ],
)
def test_what_is_printed(printed: str, value: str | None) -> None:
    assert answer(printed.encode("utf-16-le"), "txtfile") == value
