"""The snapshot sees what is left behind, and tells one lab's things from another's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.host_processes import Process, concerns
from tests.lab.host_snapshot import HostSnapshot, concerns_lab, take_snapshot

LISTEN = "import socket, time; server = socket.create_server(('127.0.0.1', 0)); time.sleep(60)"
EMPTY = HostSnapshot((), (), (), (), (), (), (), (), (), ())


def test_a_difference_is_told_in_both_directions() -> None:
    before = replace(EMPTY, links=("eth0", "lo"), listeners=("tcp a",))
    after = replace(EMPTY, links=("br0", "lo"), listeners=("tcp a", "tcp a"))
    assert before != after
    assert before.difference(after) == ("+ links: br0", "- links: eth0", "* listeners: 1 lines became 2")
    assert before.difference(before) == ()


def test_this_computer_has_links_routes_and_mounts() -> None:
    seen = take_snapshot()
    assert any(line.startswith("lo ") for line in seen.links)
    assert "lo 127.0.0.1/8" in seen.addresses
    assert any(line.startswith("/proc proc ") for line in seen.mounts)


@pytest.mark.parametrize(
    ("line", "concerns"),
    [
        ("hardway-a", True),
        ("/run/netns/hardway-a.m0 nsfs nsfs rw", True),
        ("/var/lib/hardway/labs/a", True),
        ("in control group hardway-a.m0.service", True),
        ("eth0 192.0.2.2/24", True),
        ("hardway-a-b.m0", False),
        ("/sys/fs/cgroup/hardway.a.fabric", False),
        ("/var/lib/hardway/clouds/a", False),
        ("/var/lib/hardway/labs/b", False),
        ("/var/lib/hardway/labs", False),
        ("/run/netns ext4 /dev/vda rw", False),
    ],
)
def test_a_lab_is_known_by_its_name(line: str, concerns: bool) -> None:
    assert concerns_lab(line, "a") is concerns


OURS, ORPHAN, OTHER = Process(os.getpid(), 7, "pytest", None, False, ()), 1, 77
"""This process, and parents of others."""
PROCESSES = [
    (Process(9, ORPHAN, "/usr/bin/etcd --name m", "hardway-a.m0", False, ()), True),
    (Process(9, ORPHAN, "/usr/bin/etcd --name m", "hardway-b.m0", False, ()), False),
    (Process(9, ORPHAN, "/usr/bin/etcd --name m", "hardway.a.1b2c", False, ()), False),
    (Process(9, ORPHAN, "/usr/bin/etcd --name m", None, False, ()), True),
    (Process(9, OTHER, "/usr/bin/etcd --name m", None, False, ()), False),
    (Process(9, OTHER, "sleep 9", None, True, ()), True),
    (Process(9, os.getpid(), "sleep 9", None, False, ()), True),
    (Process(9, ORPHAN, "sleep 9", None, False, ("net:[4026532000]",)), True),
    (Process(9, ORPHAN, "sleep 9", None, False, ()), False),
    (Process(9, OTHER, "sleep 9 /var/lib/hardway/labs/a", None, False, ()), True),
]


@pytest.mark.parametrize(("process", "concerned"), PROCESSES)
def test_a_process_is_left_out_only_where_it_is_somebody_elses(process: Process, concerned: bool) -> None:
    others = {OURS.pid: OURS, OTHER: Process(OTHER, 1, "bash", None, False, ())}
    assert concerns(process, "a", {**others, process.pid: process}) is concerned


@contextmanager
def left_behind(*argv: str) -> Iterator[None]:
    """A program that outlives who started it, as a leak does."""
    script = '"$@" </dev/null >/dev/null 2>&1 & echo $!'
    pid = int(subprocess.run(["sh", "-c", script, "sh", *argv], check=True, capture_output=True, text=True).stdout)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_process_left_behind_outside_all_control_groups_is_seen(tmp_path: Path) -> None:
    etcd = str(shutil.copy("/bin/sleep", tmp_path / "etcd"))
    before = take_snapshot("a")
    with left_behind(etcd, "60"):
        assert before.difference(take_snapshot("a")) == (f"+ processes: {etcd} 60",)


@pytest.mark.root
def test_a_namespace_without_a_name_is_seen() -> None:
    before = take_snapshot("a")
    with left_behind("unshare", "--net", "sleep", "60"):
        found = before.difference(take_snapshot("a"))
    assert [line.split(":")[0] for line in found] == ["+ namespaces", "+ processes"]


def test_a_port_left_open_is_seen() -> None:
    before = take_snapshot("a")
    with left_behind(sys.executable, "-c", LISTEN):
        end = time.monotonic() + 10
        while not any("listeners" in line for line in before.difference(take_snapshot("a"))):
            assert time.monotonic() < end, "a listening program was not seen"


@pytest.mark.root
def test_rules_of_nftables_are_seen() -> None:
    """In a network namespace of its own: this computer's are left alone."""
    show = "from tests.lab.host_snapshot import take_snapshot; print(take_snapshot().nftables)"
    script = 'nft add table ip left-behind && "$0" -c "$1"'
    inside = ["unshare", "--net", "sh", "-c", script, sys.executable, show]
    root = Path(__file__).parents[2]
    assert "left-behind" in subprocess.run(inside, cwd=root, check=True, capture_output=True, text=True).stdout
