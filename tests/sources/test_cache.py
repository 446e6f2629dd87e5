"""The cache never hands out what is not whole, and survives several processes and a kill -9."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from hardway.sources.cache import Cache, Key, cache_root
from hardway.sources.faults import WrongChecksum

KEY = Key("etcd", "3.6.16", "amd64", "upstream")


def put(cache: Cache, content: bytes = b"program", key: Key = KEY, *, executable: bool = True) -> Path:
    with cache.workspace() as work:
        (work / "file").write_bytes(content)
        return cache.path(cache.put(key, work / "file", executable=executable).sha256)


def test_a_blob_is_found_by_what_it_is_and_named_by_its_hash(cache: Cache) -> None:
    path = put(cache, b"program")
    entry = cache.get(KEY)
    assert entry is not None
    assert entry.sha256 == sha256(b"program").hexdigest() == path.name
    assert path.read_bytes() == b"program"
    assert cache.get(Key("etcd", "3.6.16", "arm64", "upstream")) is None


@pytest.mark.parametrize(("executable", "mode"), [(True, 0o755), (False, 0o644)])
def test_modes(cache: Cache, executable: bool, mode: int) -> None:
    assert stat.S_IMODE(put(cache, executable=executable).stat().st_mode) == mode


def test_a_wrong_checksum_never_enters(cache: Cache) -> None:
    with cache.workspace() as work, pytest.raises(WrongChecksum, match=r"etcd 3\.6\.16"):
        (work / "file").write_bytes(b"evil")
        cache.put(KEY, work / "file", executable=True, expected="0" * 64)
    assert cache.get(KEY) is None
    assert not cache.path(sha256(b"evil").hexdigest()).exists()


@pytest.mark.parametrize("damage", [b"", b"prog", b"PROGRAM", b"program and more"])
def test_a_damaged_blob_is_absent_and_can_be_put_anew(cache: Cache, damage: bytes) -> None:
    path = put(cache, b"program")
    path.write_bytes(damage)
    assert cache.get(KEY) is None
    assert not path.exists()
    assert put(cache, b"program").read_bytes() == b"program"
    assert cache.get(KEY) is not None


def test_a_removed_blob_is_absent(cache: Cache) -> None:
    put(cache).unlink()
    assert cache.get(KEY) is None


def test_a_touched_blob_is_read_once_and_kept(cache: Cache) -> None:
    path = put(cache)
    os.utime(path, (1, 1))
    entry = cache.get(KEY)
    assert entry is not None
    assert entry.modified == 1_000_000_000
    assert json.loads((cache.root / "index.json").read_text())[str(KEY)]["modified"] == 1_000_000_000


def test_putting_the_same_bytes_again_leaves_the_file_that_machines_use(cache: Cache) -> None:
    before = put(cache).stat().st_ino
    assert put(cache, key=Key("other", "1", "amd64", "go-1")).stat().st_ino == before


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"a": 1}', '{"a": {"sha256": 1}}'])
def test_a_broken_index_costs_the_entries_and_no_more(cache: Cache, garbage: str) -> None:
    put(cache)
    (cache.root / "index.json").write_text(garbage)
    assert cache.get(KEY) is None
    put(cache)
    assert cache.get(KEY) is not None


MANY = """
import sys
from pathlib import Path
from hardway.sources.cache import Cache, Key
cache = Cache(Path(sys.argv[1]))
for number in range(25):
    with cache.workspace() as work:
        (work / "f").write_text(f"{sys.argv[2]} {number % 5}")
        cache.put(Key(f"{sys.argv[2]}-{number}", "1", "amd64", "x"), work / "f", executable=False)
"""


def test_processes_at_once_lose_nothing(cache: Cache) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", MANY, str(cache.root), f"writer{n}"]) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    missing = [
        (writer, number)
        for writer in range(4)
        for number in range(25)
        if cache.get(Key(f"writer{writer}-{number}", "1", "amd64", "x")) is None
    ]
    assert missing == []
    assert list((cache.root / "tmp").iterdir()) == []


HOLD = """
import sys
from pathlib import Path
from hardway.sources.cache import Cache
with Cache(Path(sys.argv[1])).workspace() as work:
    (work / "half").write_text("done")
    print(work, flush=True)
    sys.stdin.read()
"""


def test_the_workspace_of_a_killed_process_goes_and_a_living_ones_stays(cache: Cache) -> None:
    command = [sys.executable, "-c", HOLD, str(cache.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        work = Path(holder.stdout.readline().strip())
        with cache.workspace():
            assert (work / "half").exists()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    assert (work / "half").exists()
    with cache.workspace():
        assert not work.exists()


def test_the_root_is_the_environments_to_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARDWAY_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("HARDWAY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "hardway"


def test_what_is_dropped_is_forgotten_and_its_file_goes_with_the_last_key(cache: Cache) -> None:
    one, other = (Key(name, "1", "amd64", "upstream") for name in ("one", "other"))
    for key in (one, other):
        with cache.workspace() as work:
            (work / "x").write_bytes(b"the same")
            entry = cache.put(key, work / "x", executable=False)
    assert set(cache.entries()) == {str(one), str(other)}
    cache.drop(str(one))
    cache.drop("what is not there")
    assert cache.get(one) is None
    assert cache.get(other) == entry
    cache.drop(str(other))
    assert not cache.entries()
    assert not cache.path(entry.sha256).exists()
