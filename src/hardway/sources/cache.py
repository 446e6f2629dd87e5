"""The content-addressed cache of programs and images: files named by their SHA-256, and an index of what they are.

blobs/<sha256>      read by machines too (mode 0755 for programs, 0644 for images)
index.json          (name, version, architecture, origin) -> sha256, size, time; replaced as a whole
locks/, tmp/        kernel locks (flock), work in progress
go/                 Go's module and build caches, and a fetched toolchain
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest
from pathlib import Path

import platformdirs

from hardway.sources.faults import WrongChecksum, disk_full

LOCK_POLL = 0.2
"""Seconds between two looks at a lock that another process holds: a flock cannot be watched."""


def cache_root() -> Path:
    """$HARDWAY_CACHE, else the user's cache directory (~/.cache/hardway)."""
    given = os.environ.get("HARDWAY_CACHE")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("hardway")


@dataclass(frozen=True, slots=True)
class Key:
    """What a blob is, and how it came to be."""

    name: str
    version: str
    architecture: str
    origin: str
    """The source, and for what is made here a digest of what it was made from: upstream, go-1a2b..., made-3c4d...."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version} {self.architecture} {self.origin}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A blob in the cache. `size` (bytes) and `modified` (ns) are what tells cheaply that the file is untouched."""

    sha256: str
    size: int
    modified: int
    digest: str = ""
    """For an image, its manifest's digest (sha256:...)."""


def sha256_of(file: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


class Cache:
    """The cache in one directory. Safe for several processes at once."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()
        self.blobs = self.root / "blobs"
        self._index = self.root / "index.json"
        self._known: tuple[tuple[int, int, int], Mapping[str, Entry]] | None = None
        """The index as it was last read, and by what to see that it was replaced since."""

    def path(self, sha256: str) -> Path:
        return self.blobs / sha256

    def get(self, key: Key) -> Entry | None:
        """The blob, if it is there and whole. Its bytes are read only where size or time are not as recorded; a
        damaged file is taken away."""
        entry = self._read().get(str(key))
        if entry is None:
            return None
        seen = self._stat(entry)
        if seen == entry:
            return entry
        return self._examine(key, entry, seen)

    def _stat(self, entry: Entry) -> Entry | None:
        try:
            stat = self.path(entry.sha256).stat()
        except FileNotFoundError:
            return None
        return replace(entry, size=stat.st_size, modified=stat.st_mtime_ns)

    def _examine(self, key: Key, recorded: Entry, seen: Entry | None) -> Entry | None:
        if seen is None:
            return None
        path = self.path(recorded.sha256)
        if seen.size != recorded.size or sha256_of(path) != recorded.sha256:
            path.unlink(missing_ok=True)
            return None
        self._record(key, seen)
        return seen

    def entries(self) -> Mapping[str, Entry]:
        """All that is recorded, by the text of its key; whether each is whole is not looked at."""
        return self._read()

    def drop(self, key: str) -> None:
        """Forget a blob by the text of its key; its file goes too, unless another key has the same."""
        with locked(self.root / "locks" / "index"):
            left = dict(self._read())
            dropped = left.pop(key, None)
            if dropped is None:
                return
            replace_text(self._index, json.dumps({name: asdict(known) for name, known in left.items()}, indent=1))
            if all(known.sha256 != dropped.sha256 for known in left.values()):
                self.path(dropped.sha256).unlink(missing_ok=True)

    def put(self, key: Key, file: Path, *, executable: bool, expected: str | None = None, digest: str = "") -> Entry:
        """Move a file from `workspace` into the cache under its hash; `expected` is what that hash must be.

        Raises WrongChecksum.
        """
        sha256 = sha256_of(file)
        if expected is not None and sha256 != expected:
            raise WrongChecksum(f"{key.name} {key.version}: wrong checksum", f"expected {expected}\ngot      {sha256}")
        file.chmod(0o755 if executable else 0o644)
        self.blobs.mkdir(parents=True, exist_ok=True)
        # Never onto a whole blob that is there: machines may have it mapped, and two keys may share it.
        target = self.path(sha256)
        if not target.exists() or sha256_of(target) != sha256:
            file.replace(target)
        stat = target.stat()
        entry = Entry(sha256, stat.st_size, stat.st_mtime_ns, digest)
        self._record(key, entry)
        return entry

    def _read(self) -> Mapping[str, Entry]:
        """Every look at the world asks for each blob many times."""
        try:
            stat = self._index.stat()
        except FileNotFoundError:
            return {}
        signature = stat.st_ino, stat.st_mtime_ns, stat.st_size
        if self._known is None or self._known[0] != signature:
            self._known = signature, self._parsed()
        return self._known[1]

    def _parsed(self) -> Mapping[str, Entry]:
        try:
            return {key: Entry(**fields) for key, fields in json.loads(self._index.read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            # An index that cannot be read costs a build, nothing more.
            return {}

    def _record(self, key: Key, entry: Entry) -> None:
        with locked(self.root / "locks" / "index"):
            index = {name: asdict(known) for name, known in self._read().items()} | {str(key): asdict(entry)}
            replace_text(self._index, json.dumps(index, indent=1, sort_keys=True))

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A directory for work in progress, on the blobs' file system; gone afterwards, after a kill -9 with the next.

        A disk that fills up in it is said so (SourceFault).
        """
        home = self.root / "tmp"
        home.mkdir(parents=True, exist_ok=True)
        # One at a time, so that a directory without a lock is always a dead process's.
        with locked(self.root / "locks" / "tmp"):
            _sweep(home)
            folder = Path(tempfile.mkdtemp(dir=home))
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield folder
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise disk_full(self.root) from fault
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)

    @asynccontextmanager
    async def lock(self, name: str, waiting: Callable[[], None]) -> AsyncIterator[None]:
        """One at a time, over all processes; `waiting` is called once if another one is at it."""
        path = self.root / "locks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as handle:
            if not _try_lock(handle.fileno()):
                waiting()
                # Other processes hold it, so there is no event to wait for.
                while not _try_lock(handle.fileno()):  # noqa: ASYNC110
                    await asyncio.sleep(LOCK_POLL)
            yield


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(home: Path) -> None:
    """Remove what killed processes left: a living one holds a lock on its directory."""
    for folder in home.iterdir():
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its process ended meanwhile
        try:
            if _try_lock(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A short exclusive section over all processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX)
        yield


def replace_text(path: Path, text: str) -> None:
    """Write a file beside and rename it into place."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as draft:
        draft.write(text)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)
