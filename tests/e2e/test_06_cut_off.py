"""up is killed (SIGKILL) at every kind of resource: the journal shows what was cut off, and the next up goes on."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardway.app import open_world
from hardway.sources.cache import cache_root
from tests.e2e.conftest import NAME, Driver

pytestmark = pytest.mark.e2e

KINDS = (
    "blob",
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

NOT_CUT = {
    "lab-base": "all labs of this computer share it; it is put in place by one rename",
    "reboot": "no machine of a lab asks for one when it is made",
    "swap": "no step of a lab: the machines have this computer's kernel",
    "unit-off": "no step of a lab: its image has none of the units that must be off",
}
"""Kinds that no `up` of a lab carries out."""

OWN_PROGRAM = "probe"
"""The program that is not in the cache: a small one of our own, built in seconds."""

SPEC = f"""\
name: {NAME}-cut
machines:
  masters: [{{name: m0, address: 10.0.0.10}}]
  workers: [{{name: w0, address: 10.0.0.20}}]
  balancers: [{{name: b0, address: 10.0.0.30}}]
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Driver]:
    """A cluster of one machine of each role, not made yet, and a cache that lacks one program."""
    with cache_without(OWN_PROGRAM) as cache:
        driver = Driver(tmp_path, {"HARDWAY_CACHE": str(cache)})
        driver.spec.write_text(SPEC)
        yield driver
        driver("lab", "down", "--yes", code=None)


@contextmanager
def cache_without(program: str) -> Iterator[Path]:
    """A cache beside the real one, with the same files (hard links) but for what is of one program."""
    real = cache_root()
    with tempfile.TemporaryDirectory(prefix=f"{real.name}-", dir=real.parent) as folder:
        cache = Path(folder)
        for part in ("blobs", "lab"):
            subprocess.run(["cp", "-al", str(real / part), str(cache)], check=True)
        (cache / "go").symlink_to(real / "go")
        index = json.loads((real / "index.json").read_text())
        left = {key: entry for key, entry in index.items() if not key.startswith(f"{program}@")}
        assert len(left) < len(index), f"{program} is not in the cache: `hardway binaries` brings it"
        (cache / "index.json").write_text(json.dumps(left))
        yield cache


def cut_off(driver: Driver, kind: str, point: str) -> int:
    """One `up` that dies there; its exit status."""
    command = [sys.executable, "-m", "tests.e2e.cut_off", kind, point, "up", "--yes", "-f", str(driver.spec)]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, env=driver.environment, capture_output=True, timeout=300).returncode


def converge(driver: Driver) -> None:
    """The next up brings everything to its end; then it is taken away, for a new beginning."""
    driver.up()
    assert driver.steps() == []
    assert driver.failing_checks() == {}
    driver("down", "--yes")
    assert not driver.state.exists()


def has_steps_of(driver: Driver, kind: str) -> bool:
    return any(step.split(":", 1)[0] == kind for step in driver.steps())


def test_every_kind_that_somebody_carries_out_is_cut_off(tmp_path: Path) -> None:
    spec = tmp_path / "cluster.yaml"
    spec.write_text(SPEC)

    async def kinds() -> set[str]:
        async with open_world(spec, locked=False, command="a test") as world:
            return {*world.handlers}

    assert {*KINDS, *NOT_CUT} == asyncio.run(kinds())
    assert not {*KINDS} & {*NOT_CUT}


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
