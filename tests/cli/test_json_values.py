"""Values as JSON: everything has one form, and what has none is refused, not printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hardway.cli.json_values import json_value
from hardway.resources.base import Chapter


@dataclass(frozen=True)
class Pair:
    one: Any
    other: Any


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        (Chapter.ETCD, "etcd"),
        (Path("/a/b"), "/a/b"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        ({Chapter.DNS: (1, 2)}, {"DNS": [1, 2]}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (Pair(Pair(1, 2), ()), {"one": {"one": 1, "other": 2}, "other": []}),
    ],
)
def test_forms(value: Any, shown: Any) -> None:
    assert json_value(value) == shown
    assert type(json_value(value)) is type(shown)


@pytest.mark.parametrize("value", [object(), b"bytes", Pair])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        json_value(value)
