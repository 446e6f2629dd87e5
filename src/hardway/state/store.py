"""Where the vault keeps its entries: one SQLite file, so that thousands of keys are one write, whole or not at all.

The room's only door to SQLite. Entries are found by kind and name; what was removed is overwritten, not just unlinked.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from hardway.state.faults import StateFault
from hardway.state.files import FILE_MODE, check_private, sync_directory

Entry = tuple[str, str]
"""Kind and name."""

FORMAT: Final = 1
_APPLICATION: Final = 0x48575601
"""Says in the file's header (`PRAGMA application_id`) that it is a vault of ours."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
    kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID
"""


def load(path: Path) -> Mapping[Entry, bytes]:
    """All entries; none where there is no file yet. Raises StateFault where it is damaged or not private."""
    if not check_private(path) or path.stat().st_size == 0:
        return {}
    with _database(path) as database:
        return {(kind, name): bytes(value) for kind, name, value in database.execute("SELECT * FROM entry")}


def change(path: Path, put: Mapping[Entry, bytes], remove: Iterable[Entry] = ()) -> None:
    """Put and remove entries, all or none; they are on the disk when this returns. Raises StateFault."""
    if not check_private(path):
        _make_file(path)
    with _database(path) as database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("DELETE FROM entry WHERE kind = ? AND name = ?", list(remove))
        rows = [(*entry, value) for entry, value in put.items()]
        database.executemany("INSERT OR REPLACE INTO entry (kind, name, value) VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")


def _make_file(path: Path) -> None:
    """SQLite would make it by the umask; the files that it puts beside take the mode of this one."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE))
        sync_directory(path.parent)
    except OSError as fault:
        raise StateFault(f"cannot make {path}: {fault.strerror}") from fault


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            _prepare(path, database)
            yield database
    except sqlite3.Error as fault:
        raise StateFault(f"cannot use {path}: {fault}", _ADVICE) from fault


_ADVICE: Final = "make room where the disk is full; bring the file back from a backup where it is damaged"


def _prepare(path: Path, database: sqlite3.Connection) -> None:
    """EXTRA also brings the directory to the disk when the rollback journal goes: the moment of commitment."""
    database.execute("PRAGMA synchronous = EXTRA")
    database.execute("PRAGMA secure_delete = ON")
    if path.stat().st_size == 0:
        database.execute("BEGIN IMMEDIATE")
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {FORMAT}")
        database.execute("COMMIT")
        return
    application, made_by = (
        database.execute(f"PRAGMA {one}").fetchone()[0] for one in ("application_id", "user_version")
    )
    if application != _APPLICATION or made_by != FORMAT:
        raise StateFault(f"{path} is no vault of this version of hardway", "bring the right file back, or move it away")
