"""The journal: every run and every step of it, written before and after, in SQLite in the state directory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hardway.plan.steps import Plan, Step

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, operation TEXT NOT NULL, version TEXT NOT NULL,
    started TEXT NOT NULL, ended TEXT, outcome TEXT
);
CREATE TABLE IF NOT EXISTS step (
    run INTEGER NOT NULL REFERENCES run(id), id TEXT NOT NULL, chapter TEXT NOT NULL, machine TEXT NOT NULL,
    action TEXT NOT NULL, reason TEXT NOT NULL,
    started TEXT, ended TEXT, outcome TEXT, output TEXT,
    PRIMARY KEY (run, id)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as the journal has it. `ended` is None for one that was cut off (if started) or never begun."""

    run: int
    id: str
    chapter: str
    machine: str
    action: str
    reason: str
    started: str | None
    ended: str | None
    outcome: str | None
    output: str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the journal has it. `ended` is None for one that was cut off or is going on."""

    id: int
    operation: str
    version: str
    started: str
    ended: str | None
    outcome: str | None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class JournalUnusable(Exception):
    """The journal's file cannot be opened or written: damaged, or the disk is full."""


class Journal:
    """The journal of one cluster. Written by one process at a time (the state's lock sees to that)."""

    def __init__(self, path: Path, clock: Callable[[], str] = _now) -> None:
        self._path = path
        self._clock = clock
        with self._usable():
            self._db = sqlite3.connect(path, isolation_level=None)
            path.chmod(0o600)
            # A process that is killed loses nothing in WAL mode; only a power cut may lose the last lines.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """The one place where SQLite's faults become ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as fault:
            raise JournalUnusable(f"{self._path}: {fault}") from fault

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        """All or nothing. Raises JournalUnusable."""
        with self._usable(), closing(self._db.cursor()) as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                self._db.rollback()
                raise

    def begin(self, operation: str, version: str, plan: Plan) -> Run:
        """A new run with all its steps, none of them started. Raises JournalUnusable."""
        with self._transaction() as cursor:
            row = (operation, version, self._clock())
            cursor.execute("INSERT INTO run (operation, version, started) VALUES (?, ?, ?)", row)
            run = cursor.lastrowid
            assert run is not None
            cursor.executemany(
                "INSERT INTO step (run, id, chapter, machine, action, reason) VALUES (?, ?, ?, ?, ?, ?)",
                [(run, s.id, s.chapter.value, s.machine, s.action.value, s.reason) for s in plan.steps],
            )
        return Run(self, run)

    def execute(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """One transaction over some rows. Raises JournalUnusable."""
        with self._transaction() as cursor:
            cursor.executemany(sql, rows)

    def now(self) -> str:
        return self._clock()

    def runs(self) -> tuple[RunRecord, ...]:
        """All runs, oldest first. Raises JournalUnusable."""
        with self._usable():
            rows = self._db.execute("SELECT id, operation, version, started, ended, outcome FROM run ORDER BY id")
            return tuple(RunRecord(*row) for row in rows)

    def steps(self, run: int) -> tuple[StepRecord, ...]:
        """A run's steps. Raises JournalUnusable."""
        columns = "run, id, chapter, machine, action, reason, started, ended, outcome, output"
        with self._usable():
            rows = self._db.execute(f"SELECT {columns} FROM step WHERE run = ? ORDER BY started, id", (run,))
            return tuple(StepRecord(*row) for row in rows)

    def cut_off(self) -> tuple[StepRecord, ...]:
        """The steps of the last run that were started and never ended."""
        runs = self.runs()
        if not runs or runs[-1].ended is not None:
            return ()
        return tuple(step for step in self.steps(runs[-1].id) if step.started and not step.ended)


@dataclass(frozen=True, slots=True)
class Run:
    """One run being written."""

    journal: Journal
    id: int

    def started(self, steps: Sequence[Step]) -> None:
        now = self.journal.now()
        sql = "UPDATE step SET started = ? WHERE run = ? AND id = ?"
        self.journal.execute(sql, [(now, self.id, step.id) for step in steps])

    def finished(self, step: Step) -> None:
        self._ended(step.id, "done", "")

    def failed(self, step_id: str, what: str, output: str) -> None:
        self._ended(step_id, what, output)

    def _ended(self, step_id: str, outcome: str, output: str) -> None:
        sql = "UPDATE step SET ended = ?, outcome = ?, output = ? WHERE run = ? AND id = ?"
        self.journal.execute(sql, [(self.journal.now(), outcome, output, self.id, step_id)])

    def end(self, outcome: str) -> None:
        self.journal.execute(
            "UPDATE run SET ended = ?, outcome = ? WHERE id = ?", [(self.journal.now(), outcome, self.id)]
        )
