"""Images made here of programs that are in the cache, where no registry is reachable or none has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hardway.catalog.programs import IMAGES
from hardway.sources import images
from hardway.sources.cache import Cache, Entry, Key
from hardway.sources.faults import NotAnswering
from hardway.sources.source import Item, Report


@dataclass(frozen=True, slots=True)
class MadeImages:
    """The source `go` for images: made of a program, wherever that came from."""

    cache: Cache
    architecture: str
    cached: Callable[[Item], Entry | None]
    """The program in the cache."""
    obtain: Callable[[Item, Report], Awaitable[Entry]]
    """The same, fetched where it is not there."""
    kind: str = "go"

    def key(self, item: Item) -> Key | None:
        program = self._program(item)
        entry = program and self.cached(program)
        return self._key(item, entry) if entry else None

    def _program(self, item: Item) -> Item | None:
        recipe = IMAGES.get(item.name)
        return Item(recipe.program, item.version) if recipe else None

    def _key(self, item: Item, program: Entry) -> Key:
        return Key(item.name, item.version, self.architecture, f"made{images.LAYOUT}-{program.sha256[:16]}")

    async def fetch(self, items: Sequence[Item], report: Report) -> None:
        for item in items:
            program = self._program(item)
            if program is None:
                raise NotAnswering(f"{item.name} is no image")
            entry = await self.obtain(program, _renamed(report, item.name))
            await asyncio.to_thread(self._make, item, entry, report)

    def _make(self, item: Item, program: Entry, report: Report) -> None:
        recipe = IMAGES[item.name]
        report(item.name, f"making {recipe.reference(item.version)} of {recipe.program}")
        with self.cache.workspace() as work:
            source = self.cache.path(program.sha256)
            archive, digest = images.make(source, recipe, item.version, self.architecture, work)
            self.cache.put(self._key(item, program), archive, executable=False, digest=digest)


def _renamed(report: Report, name: str) -> Report:
    """The program's progress, told as the image's."""
    return lambda _, line: report(name, line)
