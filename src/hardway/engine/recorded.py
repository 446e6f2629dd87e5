"""Runs a plan as one run of the journal, whose end says how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hardway import __version__
from hardway.engine.apply import Apply, ApplyFailed, Stopped, Watcher
from hardway.engine.handler import Handler, Resolve
from hardway.engine.journal import Journal
from hardway.plan.steps import Plan


async def apply_recorded(
    journal: Journal,
    operation: str,
    plan: Plan,
    handlers: Mapping[str, Handler],
    resolve: Resolve,
    watcher: Watcher,
    stop: asyncio.Event,
) -> int:
    """Apply the plan; answers how many steps were done. Raises ApplyFailed, Stopped, JournalUnusable."""
    run = journal.begin(operation, __version__, plan)
    try:
        await Apply(plan, handlers, resolve, run, watcher, stop).run()
    except ApplyFailed:
        run.end("failed")
        raise
    except Stopped:
        run.end("stopped")
        raise
    run.end("done")
    return len(plan.steps)
