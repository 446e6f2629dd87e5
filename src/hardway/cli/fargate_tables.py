"""Tables of `hardway fargate`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from hardway.cli.tables import table

if TYPE_CHECKING:
    from hardway.cli.doors import FargatePod, LocalFargate


def pods_table(found: Sequence[FargatePod]) -> Table:
    """Pods and tasks; what is missing on one side is empty."""
    rows = (
        (
            one.pod,
            one.phase or "gone",
            one.task[:12],
            one.status,
            one.address,
            f"{one.cpu:g}" if one.task else "",
            f"{one.memory} MiB" if one.task else "",
            f"${one.usd_per_hour:.4f}" if one.task else "",
        )
        for one in found
    )
    total = sum(one.usd_per_hour for one in found)
    title = f"about ${total:.4f} an hour (us-east-1, on demand)"
    return table(title, "pod", "phase", "task", "status", "address", "vCPU", "memory", "an hour", rows=rows)


def local_table(state: LocalFargate) -> Table:
    """A local Fargate's tasks."""
    rows = ((one.id[:12], one.family, one.status, one.address, ", ".join(one.containers)) for one in state.tasks)
    title = f"local Fargate {state.name}: {state.state} {state.url}".rstrip()
    return table(title, "task", "family", "status", "address", "containers", rows=rows)
