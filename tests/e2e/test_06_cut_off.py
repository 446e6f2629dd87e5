"""up is killed (SIGKILL) at every kind of resource: the journal shows what was cut off, and the next up goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import NAME, Driver

pytestmark = pytest.mark.e2e

KINDS = (
    "lab-network",
    "forward",
    "machine",
    "secret",
    "key",
    "certificate",
    "state-file",
    "packages",
    "hostname",
    "module",
    "sysctl",
    "user",
    "directory",
    "program",
    "file",
    "image",
    "unit",
    "object",
    "condition",
)
"""All kinds, those first that are carried out first."""

SPEC = f"""\
name: {NAME}-cut
machines:
  masters: [{{name: m0, address: 10.0.0.10}}]
  workers: [{{name: w0, address: 10.0.0.20}}]
  balancers: [{{name: b0, address: 10.0.0.30}}]
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Driver]:
    """A cluster of one machine of each role, not made yet."""
    driver = Driver(tmp_path)
    driver.spec.write_text(SPEC)
    yield driver
    driver("lab", "down", "--yes", code=None)


def cut_off(driver: Driver, kind: str, point: str) -> int:
    """One `up` that dies there; its exit status."""
    command = [sys.executable, "-m", "tests.e2e.cut_off", kind, point, "up", "--yes", "-f", str(driver.spec)]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, timeout=300).returncode


def converge(driver: Driver) -> None:
    """The next up brings everything to its end; then it is taken away, for a new beginning."""
    driver.up()
    assert driver.steps() == []
    assert driver.failing_checks() == {}
    driver("down", "--yes")
    assert not driver.state.exists()


def has_steps_of(driver: Driver, kind: str) -> bool:
    return any(step.split(":", 1)[0] == kind for step in driver.steps())


@pytest.mark.parametrize("point", ["before", "between", "after"])
def test_killed_at_every_kind_the_next_up_goes_on(small: Driver, point: str) -> None:
    for kind in KINDS:
        if not has_steps_of(small, kind):
            converge(small)
        status = cut_off(small, kind, point)
        assert status == -signal.SIGKILL, f"up was to die at the first {kind}, and ended with {status}"
        last = small("journal", "-o", "json").json[-1]
        cut = {step["id"].split(":")[0] for step in last["steps"] if step["fate"] == "cut off"}
        assert last["ended"] is None
        assert point == "after" or kind in cut
    converge(small)
