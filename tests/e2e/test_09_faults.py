"""Foreseeable faults of the surroundings: what is said names the thing, and the next up mends what was left."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import NAME, Answer, Driver

pytestmark = pytest.mark.e2e

FULL = "No space left on device"


def refused(answer: Answer, *named: str) -> None:
    """It failed as foreseen: exit status 1, each of these named, and it is not called a fault of hardway itself."""
    assert answer.code == 1, answer.out + answer.err
    for one in named:
        assert one in answer.err, answer.err
    assert "Traceback" not in answer.err
    assert "fault of hardway" not in answer.err


@contextmanager
def without_room(folder: Path) -> Iterator[None]:
    """The folder, with all that is in it, on a file system of its own (tmpfs(5)) that has not a byte left."""
    with tempfile.TemporaryDirectory() as aside:
        subprocess.run(["cp", "-a", f"{folder}/.", aside], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "full", str(folder)], check=True)
        try:
            subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
            filled = ["dd", "if=/dev/zero", f"of={folder}/filler", "bs=4096"]
            assert FULL in subprocess.run(filled, capture_output=True, text=True, check=False).stderr
            yield
        finally:
            subprocess.run(["umount", str(folder)], check=True)


def test_the_disk_of_the_state_is_full_before_anything_is_made(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    driver.spec.write_text(f"name: {NAME}-full\n")
    (tmp_path / ".hardway").mkdir(mode=0o700)
    with without_room(tmp_path / ".hardway"):
        refused(driver("up", "--yes", code=None), str(tmp_path / ".hardway"), "space")
    assert {one["state"] for one in driver("lab", "status", "-o", "json").json} == {"not made"}


def test_the_disk_of_the_state_gets_full_while_the_cluster_lives(other: Driver) -> None:
    other.on("w0", "sh", "-c", "echo '# mine' >> /etc/hosts")
    with without_room(other.state):
        refused(other("up", "--yes", code=None), str(other.state))
    other.mends({"file:w0:/etc/hosts"})


@pytest.mark.parametrize(("port", "unit"), [(2379, "etcd.service"), (6443, "kube-apiserver.service")])
def test_a_port_is_taken_on_a_machine(other: Driver, port: int, unit: str) -> None:
    taker = f"systemd-run --collect --unit=taker-{port} socat TCP-LISTEN:{port},fork,reuseaddr PIPE"
    other.on("m0", "sh", "-c", f"systemctl stop {unit} && {taker}")
    try:
        refused(
            other("up", "--yes", code=None),
            f"m0: change unit {unit}",
            f"{port}",
            "is taken by another program",
            "socat",
        )
    finally:
        other.on("m0", "systemctl", "stop", f"taker-{port}.service")
    other.up()
    assert other.steps() == []


def test_a_machine_has_no_room(other: Driver) -> None:
    """The file is written beside and renamed: what was there stays until all of the new one is."""
    folder = "/etc/modules-load.d"
    fill = f"mount -t tmpfs -o size=4k,nr_inodes=99 full {folder} && head -c 4096 /dev/zero > {folder}/filler"
    other.on("w0", "sh", "-c", fill)
    try:
        refused(other("up", "--yes", code=None), f"{folder}/hardway.conf", "w0", FULL)
        assert other.on("w0", "ls", folder).split() == ["filler"]
    finally:
        other.on("w0", "umount", folder)
    assert other.steps() == []
