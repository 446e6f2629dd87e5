"""Container images made here, behind the command line's door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hardway.app.worlds import load_cluster, open_world

if TYPE_CHECKING:
    from hardway.cli.doors import Report
    from hardway.images.operations import Built, Listed
    from hardway.images.push import Pushed


class Images:
    """The images of this computer's cache, and the way of a cluster's registry."""

    def listed(self) -> Sequence[Listed]:
        from hardway.images.operations import Images as Kept

        return Kept().listed()

    async def build(self, wished: Sequence[str], *, exact: bool, fresh: bool, report: Report) -> Sequence[Built]:
        from hardway.images.operations import Images as Kept
        from hardway.images.operations import wishes

        return await Kept().build(wishes(wished), report, exact=exact, fresh=fresh)

    async def push(
        self, spec: Path, wished: Sequence[str], *, exact: bool, report: Report
    ) -> tuple[Sequence[Built], Sequence[Pushed]]:
        from hardway.images.operations import Images as Kept
        from hardway.images.operations import wishes
        from hardway.images.way import require_registry, way

        asked, kept = wishes(wished), Kept()
        require_registry(load_cluster(spec))
        built = await kept.build(asked, report, exact=exact)
        async with open_world(spec, locked=False, command="images push") as world:
            where = way(world.cluster, world.machines.transport, world.value)
            return built, await kept.push(built, where, report)

    def remove(self, name: str) -> Sequence[Listed]:
        from hardway.images.operations import Images as Kept

        return Kept().remove(name)
