"""Boots an ordinary Debian in a virtual machine and lets hardway prove itself in it. Exit code 0: it holds, 1: not.

    python -m tools.vm [--minutes 60]

The sections' seconds are the virtual machine's own: those of a computer that carries out 10^9 instructions a second.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tools.vm.kept import home
from tools.vm.machine import TimeIsUp, command, require_qemu, running
from tools.vm.product import SPEC, product
from tools.vm.report import Report
from tools.vm.supplies import supplies
from tools.vm.system import system

from hardway.app import load_cluster

CONSOLE_LINES = 30
T = TypeVar("T")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def timed(what: str, work: Callable[[], T]) -> T:
    began = time.monotonic()
    result = work()
    say(f"{what}: {time.monotonic() - began:.1f} s")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.vm", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=60, help="the longest that the virtual machine may take")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=home()) as folder:
        try:
            return prove(Path(folder), options.minutes * 60)
        except KeyboardInterrupt:
            say("interrupted; the virtual machine is gone")
            return 130


def prove(folder: Path, within: float) -> int:
    """Make the disks, run the machine, and sum up."""
    require_qemu()
    computer = timed("system disk", system)
    cache = timed("disk of programs and images", lambda: supplies(load_cluster(SPEC)))
    own = timed("disk of hardway", lambda: product(folder))
    console = home() / "console.log"
    report, began = Report(), time.monotonic()
    try:
        with running(command(computer, (own, cache), console), within) as lines:
            for line in lines:
                say(report.take(line))
    except TimeIsUp:
        say(f"\nnot done within {within / 60:g} minutes" + (f", in: {report.current}" if report.current else ""))
    return conclude(report, time.monotonic() - began, console)


def conclude(report: Report, seconds: float, console: Path) -> int:
    """The sections' seconds inside; where it did not come to its end, the last lines of the console."""
    say("")
    for name, taken in report.passed:
        say(f"{taken:8.1f} s  {name}")
    for name in report.failed:
        say(f"  failed    {name}")
    say(f"{seconds:8.1f} s  of this computer's, in all, with booting")
    if not report.ended and not report.failed:
        say(f"the last lines of {console}:")
        say("\n".join(console.read_text(errors="replace").splitlines()[-CONSOLE_LINES:]))
    say("hardway works on a computer with cgroup v2 and systemd" if report.proved else "NOT PROVED")
    return 0 if report.proved else 1


if __name__ == "__main__":
    sys.exit(main())
