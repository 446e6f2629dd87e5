"""The journal: what SQLite cannot do is told as the journal's fault, wherever it happens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hardway.engine.journal import Journal, JournalUnusable
from hardway.plan.steps import Plan

NOTHING = Plan(())


def test_a_run_is_kept_and_ended(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal", clock=lambda: "now")) as journal:
        journal.begin("up", "1", NOTHING).end("done")
        (run,) = journal.runs()
    assert (run.operation, run.started, run.ended, run.outcome) == ("up", "now", "now", "done")


@pytest.mark.parametrize("damage", [b"no database at all, but long enough to be taken for one" * 20, None])
def test_a_file_that_is_no_journal_is_named(damage: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.mkdir() if damage is None else path.write_bytes(damage)
    with pytest.raises(JournalUnusable, match=str(path)):
        Journal(path)


def test_a_journal_that_another_program_holds_or_has_altered_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal(path)) as journal:
        run = journal.begin("up", "1", NOTHING)
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE step")
            other.execute("DROP TABLE run")
        with pytest.raises(JournalUnusable, match="no such table"):
            journal.begin("up", "1", NOTHING)
        with pytest.raises(JournalUnusable, match="no such table"):
            run.end("done")
        with pytest.raises(JournalUnusable, match="no such table"):
            journal.runs()
        with pytest.raises(JournalUnusable, match="no such table"):
            journal.steps(run.id)
