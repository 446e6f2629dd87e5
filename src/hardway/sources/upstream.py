"""Programs from upstream's release sites, each verified by its published checksum and by what was seen first."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hardway.catalog.programs import PROGRAMS, Upstream
from hardway.sources import archive, checksums
from hardway.sources.cache import Cache, Key
from hardway.sources.checksums import ChecksumLock
from hardway.sources.faults import NotAnswering, WrongChecksum
from hardway.sources.source import Item, Report
from hardway.sources.web import Web

NOT_FOUND = (404, 410)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A program as a release site has it: URLs filled in."""

    item: Item
    url: str
    checksum: str | None
    member: str | None


def shipped(item: Item, architecture: str) -> Shipped | None:
    """Where the program is published; None where upstream publishes none."""
    program = PROGRAMS.get(item.name)
    if program is None or program.upstream is None:
        return None
    upstream: Upstream = program.upstream
    values = {"version": program.upstream_version(item.version), "arch": architecture}
    filled = [text and text.format(**values) for text in (upstream.url, upstream.checksum, upstream.member)]
    return Shipped(item, filled[0] or "", filled[1], filled[2])


@dataclass(frozen=True, slots=True)
class UpstreamPrograms:
    """The source `upstream` for programs."""

    cache: Cache
    web: Web
    lock: ChecksumLock
    architecture: str
    kind: str = "upstream"

    def key(self, item: Item) -> Key | None:
        found = shipped(item, self.architecture)
        return Key(item.name, item.version, self.architecture, self.kind) if found else None

    async def fetch(self, items: Sequence[Item], report: Report) -> None:
        by_url: dict[str, list[Shipped]] = defaultdict(list)
        for item in items:
            found = shipped(item, self.architecture)
            if found is None:
                raise NotAnswering(f"upstream publishes no {item.name}")
            by_url[found.url].append(found)
        for group in by_url.values():
            await self._fetch_one(group, report)

    async def _fetch_one(self, group: Sequence[Shipped], report: Report) -> None:
        first = group[0]
        expected = await self._expected(first)
        with self.cache.workspace() as work:
            file = work / first.url.rsplit("/", 1)[1]
            report(first.item.name, f"fetching {first.url}")
            got = await self.web.download(
                first.url, file, progress=lambda received: report(first.item.name, f"{received >> 20} MiB")
            )
            self._verify(first, expected, got)
            await asyncio.to_thread(self._keep, group, file, work)

    async def _expected(self, wanted: Shipped) -> str | None:
        """What upstream publishes, which must be what it published before; None where it publishes nothing."""
        if wanted.checksum is None:
            return None
        answer = await self.web.text(wanted.checksum)
        if answer.status != 200:
            raise NotAnswering(f"{wanted.checksum} answers {answer.status}")
        expected = checksums.published(answer.body.decode(errors="replace"), wanted.url)
        self.lock.hold(wanted.url, expected)
        return expected

    def _verify(self, wanted: Shipped, expected: str | None, got: str) -> None:
        if wanted.checksum is None:
            self.lock.hold(wanted.url, got)
        elif got != expected:
            raise WrongChecksum(
                f"{wanted.url}: wrong checksum",
                f"published {expected}\ngot       {got}",
                "The download was altered or cut on its way: try again, and look at proxies and mirrors.",
            )

    def _keep(self, group: Sequence[Shipped], file: Path, work: Path) -> None:
        targets = {one.member: work / f"program-{n}" for n, one in enumerate(group) if one.member is not None}
        if targets:
            archive.extract(file, targets)
        for one in group:
            program = file if one.member is None else targets[one.member]
            key = Key(one.item.name, one.item.version, self.architecture, self.kind)
            self.cache.put(key, program, executable=True)
