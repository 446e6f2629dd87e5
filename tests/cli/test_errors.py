"""Faults: each known one is told with a way out and its exit code; an unknown one is ours, and kept in a file."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from hardway.engine.apply import ApplyFailed, Stopped
from hardway.engine.handler import StepFailed
from hardway.engine.journal import JournalUnusable
from hardway.images.faults import ImageFault
from hardway.kube.api import ApiUnavailable
from hardway.lab.faults import LabFault
from hardway.machines.inventory import ForeignMachine
from hardway.machines.transport import Unreachable
from hardway.operations.up import Refused
from hardway.plan.saved import PlanFileFault
from hardway.sources.faults import WrongChecksum
from hardway.spec.faults import Fault, SpecFaults
from hardway.state.faults import StateFault
from hardway.state.lock import Holder, Locked
from tests.cli.house import House

HOLDER = Holder(4711, "ann", "bastion", "2026-01-01T10:00:00", "up")

KNOWN: list[tuple[BaseException, int, list[str]]] = [
    (SpecFaults((Fault("c.yaml", 3, 5, "name", "no label", "use a-z"),)), 2, ["c.yaml:3:5: name: no label", "use a-z"]),
    (Locked(Path("/s/lock"), HOLDER), 1, ["in use by up (process 4711 of ann", "way out: wait"]),
    (StateFault("/s is of another cluster", "name another"), 1, ["/s is of another cluster", "way out: name another"]),
    (Refused(("clusterDomain: a cannot become b", "name too")), 2, ["clusterDomain: a cannot become b", "name too"]),
    (
        Unreachable("w-0", "connection refused"),
        1,
        ["w-0 cannot be reached: connection refused", "hardway lab start w-0"],
    ),
    (ImageFault("no packages", "404", "mirror?"), 1, ["no packages", "404", "way out: mirror?"]),
    (ImageFault("foo is no image", advice="name one", bad_input=True), 2, ["foo is no image", "way out: name one"]),
    (ForeignMachine("w-0", "1", "2"), 1, ["w-0 belongs to another cluster"]),
    (PlanFileFault("it was altered"), 2, ["it was altered"]),
    (JournalUnusable("/s/journal: disk I/O error"), 1, ["disk I/O error", "way out: Make room"]),
    (LabFault("not root", "uid 1000", "run it with sudo"), 1, ["not root", "uid 1000", "way out: run it with sudo"]),
    (WrongChecksum("etcd: wrong checksum", "expected a\ngot b"), 1, ["etcd: wrong checksum", "    got b"]),
    (ApiUnavailable("no connection"), 1, ["the Kubernetes API does not answer: no connection", "hardway status"]),
    (Stopped(3), 1, ["3 steps not begun", "`hardway up` looks at the world again"]),
    (OSError(errno.ENOSPC, "No space left on device", "/c/x"), 1, ["/c/x: no space left on device", "Free some space"]),
    (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/c/x"), 1, ["/c/x: not a directory", "is the name right"]),
    (IsADirectoryError(errno.EISDIR, "Is a directory", "/c"), 1, ["/c: is a directory", "is the name right"]),
    (OSError(errno.EIO, "Input/output error", "/c"), 1, ["/c: input/output error", "dmesg"]),
    (OSError(errno.ENOTEMPTY, "Directory not empty", "/c"), 1, ["/c: directory not empty", "move it away"]),
    (OSError(errno.EXDEV, "Invalid cross-device link", "/c"), 1, ["/c: invalid cross-device link", "way out: "]),
    (PermissionError(errno.EACCES, "Permission denied", "/c"), 1, ["/c: permission denied", "as root"]),
    (
        ApplyFailed((StepFailed("unit:m-0:etcd.service", "exit 1", "no disk", "add one"),), 4),
        1,
        ["m-0: unit etcd.service: exit 1", "    no disk", "way out: add one", "1 step failed, 4 steps not begun"],
    ),
    (
        ExceptionGroup("two", [LabFault("first broke"), Unreachable("w-1", "no route")]),
        1,
        ["first broke", "w-1 cannot be reached: no route"],
    ),
]


@pytest.mark.parametrize(("fault", "code", "words"), KNOWN, ids=lambda value: type(value).__name__)
def test_a_known_fault_is_told_with_its_way_out(
    fault: BaseException, code: int, words: list[str], house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.operations.fault = fault
    assert house.run("plan") == code
    told = capsys.readouterr()
    assert [word for word in words if word not in told.err] == []
    assert "Traceback" not in told.err
    assert "fault of hardway itself" not in told.err
    assert told.out == ""


@pytest.mark.parametrize(("fault", "code", "words"), KNOWN, ids=lambda value: type(value).__name__)
def test_with_json_standard_output_says_so_too(
    fault: BaseException, code: int, words: list[str], house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.operations.fault = fault
    assert house.run("status", "-o", "json") == code
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "failed"
    assert told["error"]["what"]


@pytest.mark.parametrize(
    "fault",
    [
        ZeroDivisionError("division by zero"),
        TimeoutError(),
        ExceptionGroup("mixed", [LabFault("known"), KeyError("unknown")]),
    ],
)
def test_an_unknown_fault_is_ours_and_its_details_are_for_the_user_alone(
    fault: Exception, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.operations.fault = fault
    assert house.run("verify") == 1
    told = capsys.readouterr().err
    (log,) = house.state.glob("crash-*.log")
    assert "this is a fault of hardway itself" in told
    assert str(log) in told
    assert "Traceback" not in told
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in log.read_text()
    assert type(fault).__name__ in log.read_text()


def test_an_unknown_fault_without_a_state_is_kept_among_the_temporary_files(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    house.state.rmdir()
    house.operations.fault = RuntimeError("odd")
    assert house.run("verify") == 1
    (log,) = tmp_path.glob("crash-*.log")
    assert str(log) in capsys.readouterr().err


def test_machines_that_fail_for_one_reason_are_told_together(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    failures = [StepFailed(f"machine:m-{n}:m-{n}", "died", "too many open files", "raise the limit") for n in range(3)]
    house.operations.fault = ApplyFailed(failures, 0)
    assert house.run("plan") == 1
    told = capsys.readouterr().err
    assert told.count("too many open files") == 1
    assert [n for n in range(3) if f"m-{n}: machine m-{n}: died" not in told] == []
