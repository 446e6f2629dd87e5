"""Durations, sizes, parts of a processor."""

from __future__ import annotations

import pytest

from hardway.compose.units import millis, seconds, size


@pytest.mark.parametrize(
    ("written", "value"),
    [("5s", 5), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), ("1.5s", 1.5), ("0", 0), ("2d", 172800), ("5", None)]
    + [(bad, None) for bad in ("", "s", "5x", "5 s", "-5s", "5s6")],
)
def test_seconds(written: str, value: float | None) -> None:
    assert seconds(written) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("1", 1), ("1b", 1), ("1k", 1024), ("1kb", 1024), ("1.5M", 1572864), ("2gb", 2 * 1024**3), ("1 m", 1024**2)]
    + [(bad, None) for bad in ("", "m", "-1m", "1x", "much")],
)
def test_size(written: str, value: int | None) -> None:
    assert size(written) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("0.5", 500), ("2", 2000), ("0", 0), ("0.001", 1)] + [(bad, None) for bad in ("", "x", "-1", "nan", "inf", "1e9")],
)
def test_millis(written: str, value: int | None) -> None:
    assert millis(written) == value
