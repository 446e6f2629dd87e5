"""The sizes that a task on Fargate may have, and the smallest that holds a pod. Pure.

The table: Amazon ECS Developer Guide, "Task CPU and memory" (Linux).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIZES: Final[Mapping[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
"""CPU in units of 1/1024 vCPU; with each the memory it may have, in MiB."""


@dataclass(frozen=True, slots=True)
class Size:
    """A task's size."""

    cpu: int
    """Units of 1/1024 vCPU."""
    memory: int
    """MiB."""


def smallest(cpu: int, memory: int) -> Size | None:
    """The smallest size with at least so many units and MiB; None where there is none."""
    for units, steps in SIZES.items():
        step = next((step for step in steps if step >= memory), None)
        if units >= cpu and step is not None:
            return Size(units, step)
    return None
