"""Runs tests where the operator stands, and reads what came of each."""

from __future__ import annotations

import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Final

from tools.tempest.settings import Cloud, tempest_conf
from tools.tempest.ways import inside

WITHIN: Final = 3600
"""Seconds for all of them."""
LAST: Final = 40
"""Lines of a failed test's output that are shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test."""

    test: str
    state: str
    """success, failure, error or skipped."""
    seconds: float
    evidence: str = ""


def run(tempest: Path, cloud: Cloud, tests: Sequence[str], workers: int) -> list[Result]:
    """Raises TimeoutExpired; CalledProcessError where tempest itself does not run."""
    with tempfile.TemporaryDirectory(prefix="hardway-tempest-") as folder:
        home = Path(folder)
        _workspace(tempest, home)
        conf = home / "etc/tempest.conf"
        conf.touch(mode=0o600)
        conf.write_text(tempest_conf(cloud, home))
        (home / "tests").write_text("".join(f"{pattern(test)}\n" for test in tests))
        command = (str(tempest), "run", "--subunit", "--include-list", "tests", "--concurrency", str(workers))
        ran = subprocess.run((*inside(cloud.operator), *command), cwd=home, stdout=PIPE, check=False, timeout=WITHIN)
        junit = (str(tempest.with_name("subunit2junitxml")),)
        told = subprocess.run(junit, input=ran.stdout, stdout=PIPE, check=False)  # it ends with 1 where a test failed
        return list(results(told.stdout.decode()))


def pattern(test: str) -> str:
    """Matches that test, which tempest follows by its number and tags, or all tests of that class or module. Pure."""
    return rf"^{re.escape(test)}(\.|\[|$)"


def _workspace(tempest: Path, home: Path) -> None:
    command = (str(tempest), "init", "--workspace-path", str(home / "workspaces.yaml"), str(home))
    subprocess.run(command, check=True, capture_output=True)


def results(junit: str) -> Iterator[Result]:
    """Of a JUnit report. Pure."""
    for case in ElementTree.fromstring(junit).iter("testcase"):
        test = f"{case.get('classname')}.{case.get('name')}"
        bad = next((one for one in case if one.tag in ("failure", "error", "skipped")), None)
        state = bad.tag if bad is not None else "success"
        text = (bad.text or "") if bad is not None else ""
        yield Result(test, state, float(case.get("time") or 0), "\n".join(text.rstrip().splitlines()[-LAST:]))
