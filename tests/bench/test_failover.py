"""How long nobody answered is told from when answers came, not from how long a question took."""

from __future__ import annotations

import time

import pytest
from bench.cloud_failover import RATE, Load, longest_gap


@pytest.mark.parametrize(
    ("answered", "gap"), [([], 0.0), ([1.0], 0.0), ([1.0, 2.0, 5.0, 5.5], 3.0), ([5.5, 1.0, 5.0, 2.0], 3.0)]
)
def test_the_gap_is_the_longest_time_between_two_answers(answered: list[float], gap: float) -> None:
    assert longest_gap(answered) == gap


def test_one_that_hangs_keeps_nobody_from_asking() -> None:
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            time.sleep(5 / RATE)
        if len(asked) % 2:
            raise ConnectionRefusedError

    with Load(ask) as load:
        while len(asked) < 6:
            time.sleep(0.01)
    assert len(load.answered) + len(load.failed) == len(asked)
    assert min(load.answered) < min(load.failed)
