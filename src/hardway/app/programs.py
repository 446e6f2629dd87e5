"""The cache of programs behind the command line's door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hardway.app.worlds import load_cluster, providers, store

if TYPE_CHECKING:
    from hardway.cli.doors import CachedProgram, Report


async def programs(spec: Path | None, report: Report) -> Sequence[CachedProgram]:
    """Bring everything that a cluster needs into the cache."""
    from hardway.cli.doors import CachedProgram
    from hardway.machines.provider import Operator
    from hardway.operations.programs import obtain
    from hardway.spec.model import Cluster

    cluster = load_cluster(spec) if spec else Cluster(name="any")
    provider = providers()[cluster.machines.provider](Operator())
    found = await obtain(cluster, provider, store(cluster), report)
    return [CachedProgram(one.name, one.version, one.size, one.sha256) for one in found]
