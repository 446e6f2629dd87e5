"""What is shown at the end of a run: nodes, the API's address, how to use kubectl, where the time went. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hardway.cli.json_values import json_value
from hardway.cli.live import picture, record_svg
from hardway.cli.options import SPEC
from hardway.cli.progress import Progress
from hardway.cli.screen import said
from hardway.cli.tables import conditions_table, table

if TYPE_CHECKING:
    from hardway.cli.watchers import Watcher
    from hardway.operations.status import Status
    from hardway.operations.up import Done


def end_of_up(spec: Path, done: Done, status: Status, progress: Progress) -> tuple[RenderableType, ...]:
    """Everything that a person wants to know once the cluster is there."""
    return tuple(_end_of_up(spec, done, status, progress))


def _end_of_up(spec: Path, done: Done, status: Status, progress: Progress) -> Iterator[RenderableType]:
    yield Text()
    yield times_table(progress)
    if status.conditions:
        yield Text()
        yield conditions_table(status.conditions)
    yield Text()
    yield said(
        f"{status.cluster}: Kubernetes {status.kubernetes}; {done.steps} steps in {done.seconds:.1f} s", "bold green"
    )
    if done.cut_off:
        yield said(f"an earlier run had been cut off in {len(done.cut_off)} steps; they were looked at again", "yellow")
    yield said(f"API      {status.api_url or 'not reached from this computer'}")
    option = "" if spec == SPEC else f" -f {quote(str(spec))}"
    yield said(f"kubectl  hardway kubectl{option} -- get nodes")
    yield said(f"         hardway kubeconfig{option} --merge   # then kubectl by itself")
    yield said(f"proof    hardway verify{option}")


def times_table(progress: Progress) -> Table:
    """By chapter how many steps, and from when to when; chapters overlap, so the times do not add up."""
    rows = (
        (
            chapter.value,
            str(progress.done.get(chapter, 0)),
            f"{span.first:.1f} s",
            f"{span.last:.1f} s",
            f"{span.seconds:.1f} s",
        )
        for chapter in progress.chapters
        if (span := progress.spans.get(chapter))
    )
    return table("", "chapter", "steps", "from", "to", "took", rows=rows)


def end_json(done: Done, progress: Progress, status: Status | None = None) -> Mapping[str, Any]:
    """The same as JSON values."""
    chapters = [
        {"chapter": chapter.value, "steps": progress.done.get(chapter, 0), "from": span.first, "to": span.last}
        for chapter in progress.chapters
        if (span := progress.spans.get(chapter))
    ]
    ended = {"outcome": "done", "steps": done.steps, "seconds": done.seconds, "chapters": chapters}
    told = {**ended, "cut_off": [step.id for step in done.cut_off]}
    return told if status is None else {**told, "status": json_value(status)}


def picture_of_run(watcher: Watcher, end: Sequence[RenderableType]) -> str:
    """The run's busiest moment and its end, as a picture of a terminal in SVG."""
    moment = picture(watcher.busiest, watcher.busiest_at)
    return record_svg("hardway up", said("$ hardway up --yes", "bold"), moment, *end)
