"""The Compose Specification's units: durations, sizes in bytes, parts of a processor. Pure."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h|d|w)")
_SECONDS: Final = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86_400),
    "w": Decimal(604_800),
}
_SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib)?", re.IGNORECASE)
_POWERS: Final = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def seconds(written: str) -> float | None:
    """1m30s, 500ms, 0: in seconds; None where it is no duration."""
    if written == "0":
        return 0.0
    total, at = Decimal(0), 0
    for part in _PART.finditer(written):
        if part.start() != at:
            return None
        total += Decimal(part[1]) * _SECONDS[part[2]]
        at = part.end()
    return float(total) if at == len(written) and written else None


def size(written: str) -> int | None:
    """512m, 1.5gb, 1024: in bytes, by powers of 1024; None where it is no size."""
    found = _SIZE.fullmatch(written.strip())
    if found is None:
        return None
    unit = (found[2] or "").lower()[:1]
    return int(Decimal(found[1]) * 1024 ** _POWERS[unit])


def millis(written: str) -> int | None:
    """0.5 (of a processor) in thousandths; None where it is no number above or equal to zero."""
    try:
        value = Decimal(written)
    except InvalidOperation:
        return None
    return int(value * 1000) if value.is_finite() and 0 <= value < 100_000 else None
