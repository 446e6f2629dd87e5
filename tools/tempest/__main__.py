"""Runs the tests that must pass against a cloud of its own, and names each that did not. Exit code 0: all passed.

    python -m tools.tempest [--name NAME] [--keep] [TEST...]

Needs root, as the cloud does. The cloud is made by `hardway cloud up` and taken away at the end, but with --keep.
Tempest comes from its own lock file into an environment of its own in hardway's cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.tempest.environment import ensure_tempest
from tools.tempest.listed import MUST_PASS, listed
from tools.tempest.run import Result, run
from tools.tempest.settings import Cloud, look
from tools.tempest.ways import ways_in

HARDWAY = str(Path(sys.executable).with_name("hardway"))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    wanted = given.test or listed(MUST_PASS.read_text())
    tempest = ensure_tempest(say)
    began = time.monotonic()
    subprocess.run((HARDWAY, "cloud", "up", "--name", given.name), check=True, stdout=subprocess.DEVNULL)
    say(f"the cloud is up after {time.monotonic() - began:.1f} s")
    try:
        cloud = look(given.name)
        with ways_in(cloud.operator, cloud.ports):
            results = run(tempest, cloud, wanted, given.workers)
    finally:
        if not given.keep:
            subprocess.run((HARDWAY, "cloud", "down", "--name", given.name, "--yes"), check=True)
    return _told(wanted, results, cloud)


def _told(wanted: Sequence[str], results: Sequence[Result], cloud: Cloud) -> int:
    for one in results:
        say(f"{one.state:<8} {one.seconds:7.1f} s  {one.test}")
    missing = [test for test in wanted if not any(one.test.startswith(test) for one in results)]
    bad = [one for one in results if one.state != "success"]
    for test in missing:
        say(f"not run            {test}: is there still a test of that name?")
    for one in bad:
        say(f"\n=== {one.test}: {one.state}\n{one.evidence}")
    say(f"\n{len(results) - len(bad)} of {len(results)} tests passed")
    return 1 if bad or missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.tempest", description=__doc__)
    parser.add_argument("test", nargs="*", metavar="TEST", help="instead of all that must pass")
    parser.add_argument("--name", default="tempest", help="the cloud's name (default: tempest)")
    parser.add_argument("--keep", action="store_true", help="leave the cloud as it is at the end")
    parser.add_argument("--workers", type=int, default=2, help="tests at once (default: 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
