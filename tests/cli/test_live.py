"""The live view and its picture: what is shown at a moment, from nothing but values."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from hardway.cli.live import picture, record_svg
from hardway.cli.progress import Progress
from hardway.cli.screen import clean, said
from hardway.cli.watchers import LineWatcher
from hardway.plan.steps import Step
from hardway.resources.base import Chapter
from tests.cli.house import ETCD, KEY, UNIT, FakeOperations

STEPS: dict[str, Step] = {step.id: step for step in FakeOperations().plan.steps}
FILE, SECRET, SERVICE = STEPS[ETCD.id], STEPS[KEY.id], STEPS[UNIT.id]


def drawn(progress: Progress, now: float, rows: int = 40) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(picture(progress, now, rows))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line_of(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(word))


def test_chapters_with_counts_and_times_and_what_each_machine_waits_for() -> None:
    progress = Progress().expecting({Chapter.CERTIFICATES: 1, Chapter.ETCD: 2, Chapter.DNS: 4})
    progress = progress.started(SECRET, 0.0).finished(SECRET, 1.5).started(SERVICE, 2.0)
    told = drawn(progress.waiting(SERVICE.id, "10.0.0.10:2379 answers 503", 3.0), 10.0)
    assert line_of(told, "certificates").split()[-3:] == ["1/1", "1.5", "s"]
    assert line_of(told, "etcd").split()[-3:] == ["0/2", "8.0", "s"]
    assert line_of(told, "DNS").split()[-1] == "0/4"
    assert "+ unit etcd.service" in line_of(told, "hardway-master-0")
    assert "10.0.0.10:2379 answers 503 (7 s)" in line_of(told, "hardway-master-0")


def test_a_wait_for_the_same_thing_goes_on_and_another_begins_anew() -> None:
    progress = Progress().started(SERVICE, 0.0).waiting(SERVICE.id, "quorum", 1.0).waiting(SERVICE.id, "quorum", 5.0)
    assert progress.working[SERVICE.id].waits_since == 1.0
    changed = progress.waiting(SERVICE.id, "readyz", 6.0)
    assert changed.working[SERVICE.id].waits_for == "readyz"


def test_more_steps_than_expected_count_too() -> None:
    progress = Progress().expecting({Chapter.ETCD: 1}).started(FILE, 0.0).started(SERVICE, 0.0)
    assert progress.total(Chapter.ETCD) == 2
    assert not progress.finished(FILE, 1.0).complete(Chapter.ETCD)
    assert progress.finished(FILE, 1.0).finished(SERVICE, 2.0).complete(Chapter.ETCD)


def test_a_failed_step_leaves_its_chapter_undone() -> None:
    progress = Progress().started(SERVICE, 0.0).ended_badly(SERVICE.id, 1.0)
    assert progress.working == {}
    assert not progress.complete(Chapter.ETCD)
    assert progress.ended_badly("unit:nobody:knows", 1.0) == progress


def test_it_fits_a_small_terminal() -> None:
    progress = Progress()
    for number in range(50):
        step = next(iter(FakeOperationsOn(f"m-{number}").plan.steps))
        progress = progress.started(step, 0.0)
    told = drawn(progress, 1.0, rows=20)
    assert len(told.splitlines()) <= 20
    assert "more machines" in told


class FakeOperationsOn(FakeOperations):
    """The same on a machine of another name."""

    def __init__(self, machine: str) -> None:
        from dataclasses import replace

        super().__init__(resources=(replace(ETCD, machine=machine),), seen={})


def test_a_long_wait_is_told_again_off_a_terminal() -> None:
    now = 0.0
    console = Console(file=io.StringIO(), width=200)
    watcher = LineWatcher(console, lambda: now)
    watcher.started(SERVICE)
    watcher.waiting(SERVICE.id, "a")
    now = 12.0
    watcher.waiting(SERVICE.id, "quorum")
    now = 13.0
    watcher.waiting(SERVICE.id, "readyz")
    assert isinstance(console.file, io.StringIO)
    (line,) = console.file.getvalue().splitlines()
    assert line == "   12.0 s  etcd: hardway-master-0: … waits for quorum (12 s)"


def test_the_picture_of_a_run_is_an_svg() -> None:
    svg = record_svg("hardway up", said("$ hardway up <&>"), picture(Progress().started(SERVICE, 0.0), 1.0))
    assert ET.fromstring(svg).tag.endswith("svg")
    assert "etcd.service" in svg


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n", "two\nlines\n"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07 c1\x9b", "bell\\x07 c1\\x9b"),
        ("\u202eltr", "\\x202eltr"),
        ("over\rwritten", "over\\x0dwritten"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown
