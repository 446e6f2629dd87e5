"""A cluster's volumes, behind the command line's door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardway.cli.doors import Report
    from hardway.operations.world import World
    from hardway.volumes.listing import Volume
    from hardway.volumes.operations import Saved


class Volumes:
    """A cluster's volumes."""

    async def ls(self, world: World) -> Sequence[Volume]:
        from hardway.volumes.operations import ls

        return await ls(world)

    async def backup(self, world: World, name: str, folder: Path, *, live: bool, report: Report) -> Saved:
        from hardway.volumes.operations import backup

        return await backup(world, name, folder, live=live, report=report)

    async def restore(
        self, world: World, archive: Path, name: str | None, *, node: str | None, replace: bool, report: Report
    ) -> Volume:
        from hardway.volumes.operations import restore

        return await restore(world, archive, name, node=node, replace=replace, report=report)
