"""What is made of the virtual machine's lines, and of the lock for another Python."""

from __future__ import annotations

import pytest
from tools.vm.product import locked_for
from tools.vm.report import Report

PASSED = ("=#= begin up", "text", "=#= passed 12.5 up")
END = "=#= end proved"


def read(*lines: str) -> Report:
    report = Report()
    for line in lines:
        report.take(line)
    return report


@pytest.mark.parametrize(
    ("lines", "proved"),
    [
        ((*PASSED, END), True),
        (PASSED, False),  # cut off before its end
        ((END,), False),  # nothing was shown
        ((*PASSED, "=#= begin down", "=#= failed 1.0 down (status 1)", "=#= end not proved"), False),
        ((*PASSED, "=#= begin down", "=#= failed 1.0 down (status 1)", END), False),
        ((*PASSED, "=#= end not proved"), False),
        (("begin up", "passed 12.5 up", "end proved"), False),  # a program's words, no marks
    ],
)
def test_it_holds_only_when_every_section_passed_to_the_end(lines: tuple[str, ...], proved: bool) -> None:
    assert read(*lines).proved is proved


def test_a_section_that_was_cut_off_is_named() -> None:
    assert read(*PASSED, "=#= begin verify", "text").current == "verify"


def test_sections_are_counted_with_their_seconds() -> None:
    assert read(*PASSED, END).passed == [("up", 12.5)]


LOCK = """\
# made by a tool
always==1.0 \\
    --hash=sha256:aa
    # via nobody
windows==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:bb
older==2.0 ; python_version < '3.12' \\
    --hash=sha256:cc
newer==2.0 ; python_version >= '3.12' \\
    --hash=sha256:dd
"""


@pytest.mark.parametrize(("python", "names"), [("3.11", ["always", "older"]), ("3.13", ["always", "newer"])])
def test_the_lock_is_read_for_the_virtual_machines_python(python: str, names: list[str]) -> None:
    lines = list(locked_for(LOCK, python))
    assert [line.split("==")[0] for line in lines if "==" in line] == names
    assert sum("--hash" in line for line in lines) == len(names)
    assert not any(";" in line for line in lines)
