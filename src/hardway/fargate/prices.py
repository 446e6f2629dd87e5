"""What a task costs, as an estimate: on-demand prices of us-east-1 for Linux (aws.amazon.com/fargate/pricing). Pure.

Other regions are up to half as much again; public addresses, traffic, logs and secrets cost extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PER_VCPU_HOUR: Final[Mapping[str, float]] = {"amd64": 0.04048, "arm64": 0.03238}
PER_GB_HOUR: Final[Mapping[str, float]] = {"amd64": 0.004445, "arm64": 0.00356}
"""US dollars, by architecture."""


def per_hour(cpu: int, memory: int, architecture: str) -> float:
    """Of so many units of 1/1024 vCPU and MiB, in US dollars."""
    return cpu / 1024 * PER_VCPU_HOUR[architecture] + memory / 1024 * PER_GB_HOUR[architecture]
