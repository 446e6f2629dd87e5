"""Lets many threads write one SQLite database without "database is locked".

oslo.db begins a deferred transaction at the first read; one that reads and then writes fails at once when another has
written meanwhile. Here reads take no transaction, and the first write takes the lock and waits for it (sqlite.org:
lang_transaction, WAL). A cloud for production has a database server instead.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy
from oslo_db.sqlalchemy import engines

WAIT_MILLISECONDS = 30000
READS = frozenset({"SELECT", "PRAGMA", "BEGIN", "WITH", "RELEASE", "ROLLBACK", "COMMIT", "EXPLAIN"})


def share_databases() -> None:
    """Replace what oslo.db sets up for SQLite. `dispatch_for` would add a second handler beside its own."""
    engines._init_events.reg["sqlite"]["*"][:] = [_set_up]


def _set_up(engine: Any, sqlite_synchronous: bool = True, sqlite_fk: bool = False, **_: Any) -> None:
    def connect(connection: Any, record: Any) -> None:
        connection.create_function("regexp", 2, _matches)
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut of the computer may cost the last changes, a killed process none.
        connection.execute("PRAGMA synchronous = OFF")
        if sqlite_fk:
            connection.execute("PRAGMA foreign_keys = ON")

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        raw = cursor.connection
        if not raw.in_transaction and statement.lstrip().split(None, 1)[0].upper() not in READS:
            raw.execute("BEGIN IMMEDIATE")

    sqlalchemy.event.listen(engine, "connect", connect)
    sqlalchemy.event.listen(engine, "before_cursor_execute", before)


def _matches(expression: str, text: object) -> bool:
    return re.search(expression, str(text)) is not None
