"""The journal as tables and JSON: runs, the steps of one, and what was cut off. Values in, what rich can draw out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hardway.cli.json_values import json_value
from hardway.cli.screen import said
from hardway.cli.tables import BAD, DIM, GOOD, local, table

if TYPE_CHECKING:
    from hardway.cli.doors import History
    from hardway.engine.journal import RunRecord, StepRecord


def cut_off(steps: Sequence[StepRecord]) -> tuple[StepRecord, ...]:
    """Steps that were begun and never ended."""
    return tuple(step for step in steps if step.started and not step.ended)


def fate(step: StepRecord) -> str:
    """done, failed, cut off or not begun."""
    if step.ended:
        return "done" if step.outcome == "done" else "failed"
    return "cut off" if step.started else "not begun"


def runs_tables(history: History) -> Iterator[RenderableType]:
    """Every run in a line, then what the last one left cut off."""
    if not history:
        yield Text("no run yet")
        return
    columns = ("run", "what", "began", "took", "ended", "done", "failed", "cut off", "not begun")
    yield table("", *columns, rows=(_run_row(run, steps) for run, steps in history))
    left = cut_off(history[-1][1]) if history and history[-1][0].ended is None else ()
    if left:
        yield Text()
        yield table(
            "begun and not ended", "chapter", "machine", "step", rows=((s.chapter, s.machine, s.id) for s in left)
        )


def _run_row(run: RunRecord, steps: Sequence[StepRecord]) -> tuple[str | Text, ...]:
    fates = [fate(step) for step in steps]
    numbers = (str(fates.count(one) or "") for one in ("done", "failed", "cut off", "not begun"))
    ended = Text(run.outcome or "", GOOD if run.outcome == "done" else BAD)
    if run.ended is None:
        ended = Text("cut off, or going on", "yellow")
    return (str(run.id), run.operation, local(run.started), _took(run.started, run.ended), ended, *numbers)


def steps_table(steps: Sequence[StepRecord]) -> Table:
    """The steps of one run, in the order in which they began."""
    rows = (_step_row(step) for step in steps)
    return table("", "chapter", "machine", "step", "reason", "took", "ended", rows=rows)


def _step_row(step: StepRecord) -> tuple[str | Text, ...]:
    told = fate(step)
    style = {"done": GOOD, "failed": BAD, "cut off": "yellow", "not begun": DIM}[told]
    ended = Text(told, style)
    if told == "failed":
        ended = ended + said(f": {step.outcome}\n{step.output or ''}".rstrip(), BAD)
    return (step.chapter, step.machine, f"{step.action} {step.id}", step.reason, _took(step.started, step.ended), ended)


def _took(started: str | None, ended: str | None) -> str:
    if not started or not ended:
        return ""
    try:
        seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"{seconds:.1f} s"


def history_json(history: History) -> list[Mapping[str, Any]]:
    """Every run with its steps, each with its fate."""
    return [
        {**json_value(run), "steps": [{**json_value(step), "fate": fate(step)} for step in steps]}
        for run, steps in history
    ]
