"""Frozen values as JSON values, for `-o json`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any


def json_value(value: Any) -> Any:
    """Dataclasses as objects by field name, times in ISO 8601, enumerations by value, paths as text.

    Raises TypeError for what has no such form, so that nothing is printed by its `repr` unseen.
    """
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Path):
        return str(value)
    return _composite(value)


def _composite(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(json_value(key)): json_value(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [json_value(one) for one in value]
    if isinstance(value, Set):
        return sorted(json_value(one) for one in value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
