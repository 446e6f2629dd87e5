"""One run at a time: the second process is refused and told by whom; a killed holder holds nothing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardway.state.directory import open_state
from hardway.state.faults import StateFault
from hardway.state.lock import Locked, locked
from tests.state.cluster import NOW

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from hardway.state.lock import locked
with locked(Path(sys.argv[1]), "hardway up", datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the lock."""
    arguments = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


@pytest.fixture
def path(spec: Path) -> Path:
    return open_state(spec, "c").lock


def test_a_second_process_is_refused_and_told_by_whom_until_the_holder_is_killed(path: Path) -> None:
    with held(path) as holder:
        with pytest.raises(Locked) as refused, locked(path, "hardway down", NOW):
            pass
        assert refused.value.holder is not None
        assert (refused.value.holder.pid, refused.value.holder.command) == (holder.pid, "hardway up")
        assert f"is in use by hardway up (process {holder.pid} of " in str(refused.value)
        holder.kill()
        holder.wait()
        with locked(path, "hardway down", NOW):
            assert f'"pid": {os.getpid()}' in path.read_text()


def test_it_is_given_up_with_the_block_also_by_an_error(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(path, "hardway up", NOW):
        raise ZeroDivisionError
    with locked(path, "hardway up", NOW):
        pass
    assert path.read_bytes() == b""


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 9])
def test_a_holder_that_cannot_be_read_is_another_process(path: Path, content: bytes) -> None:
    with locked(path, "hardway up", NOW):
        path.write_bytes(content)
        with pytest.raises(Locked, match="is in use by another process") as refused, locked(path, "x", NOW):
            pass
    assert refused.value.holder is None


def test_what_a_holder_wrote_cannot_play_with_the_terminal(path: Path) -> None:
    with locked(path, "up \x1b[31m", NOW), pytest.raises(Locked) as refused, locked(path, "x", NOW):
        pass
    assert "\x1b" not in str(refused.value)


def test_a_link_in_its_place_is_refused(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateFault, match="is a symbolic link"), locked(path, "hardway up", NOW):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_file_is_for_the_owner_alone(path: Path) -> None:
    with locked(path, "hardway up", NOW):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_lock_can_go_with_its_directory_while_it_is_held(spec: Path) -> None:
    state = open_state(spec, "c")
    with locked(state.lock, "hardway down", NOW):
        state.remove()
    with pytest.raises(StateFault), locked(state.lock, "hardway up", NOW):
        pass


def test_a_lock_that_goes_with_its_directory_in_the_moment_of_locking_is_no_lock(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run ends `down` between our opening of the file and our locking of it."""
    state = open_state(spec, "c")
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        state.remove()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    told = "was removed in this moment by another run\ntry again"
    with pytest.raises(StateFault, match=told), locked(state.lock, "hardway up", NOW):
        pass
