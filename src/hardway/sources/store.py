"""The programs and images of a cluster, had from the first source that answers: the handler for blobs in a plan."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from hardway.catalog.programs import IMAGES, PROGRAMS, version_of
from hardway.catalog.releases import Release
from hardway.engine.handler import Context, StepFailed
from hardway.plan.steps import Step
from hardway.resources.base import OPERATOR, Ref, Resource, Seen
from hardway.resources.operator import Blob
from hardway.sources.cache import Cache, Entry
from hardway.sources.checksums import ChecksumLock
from hardway.sources.faults import NotAnswering, SourceFault
from hardway.sources.go import GoPrograms
from hardway.sources.made import MadeImages
from hardway.sources.registry import PulledImages
from hardway.sources.source import Item, Report, Source, own_architecture
from hardway.sources.upstream import UpstreamPrograms
from hardway.sources.web import Web

KINDS = ("auto", "upstream", "go", "cache")
"""sources.kind: the first that answers, release sites and registries, builds from Go modules, nothing but the cache."""

_PREFIX = f"{Blob.kind}:{OPERATOR}:"


def _quiet(name: str, line: str) -> None:
    """Nobody listens."""


class Store:
    """Gets blobs into the cache, and says what is there."""

    kinds: tuple[str, ...] = (Blob.kind,)

    def __init__(
        self,
        cache: Cache | None = None,
        *,
        kind: str = "auto",
        mirror: str | None = None,
        architecture: str | None = None,
        checksums: Path | None = None,
    ) -> None:
        """`mirror` is the spec's sources.mirror; `checksums` the lock file of upstream's checksums, by default in the
        cache. Raises SourceFault for an unknown kind."""
        if kind not in KINDS:
            raise SourceFault(f"there is no source {kind!r}", advice=f"sources.kind is one of {', '.join(KINDS)}.")
        self.cache = cache or Cache()
        self.kind = kind
        architecture = architecture or own_architecture()
        web, lock = Web(mirror), ChecksumLock(checksums or self.cache.root / "checksums.lock")
        self._programs: tuple[Source, ...] = (
            UpstreamPrograms(self.cache, web, lock, architecture),
            GoPrograms(self.cache, architecture),
        )
        self._images: tuple[Source, ...] = (
            PulledImages(self.cache, web, lock, architecture),
            MadeImages(self.cache, architecture, self.entry, self.obtain),
        )

    # What is there

    def _sources(self, item: Item) -> Sequence[Source]:
        """The sources that may be used for an item, in order; our own programs are never anywhere but here."""
        sources = self._images if item.name in IMAGES else self._programs
        if self.kind in ("auto", "cache") or _own(item):
            return sources
        return [source for source in sources if source.kind == self.kind]

    def entry(self, item: Item) -> Entry | None:
        """The blob in the cache, from whichever source is allowed."""
        keys = (source.key(item) for source in self._sources(item))
        entries = (self.cache.get(key) for key in keys if key is not None)
        return next((entry for entry in entries if entry is not None), None)

    def path(self, item: Item) -> Path | None:
        entry = self.entry(item)
        return self.cache.path(entry.sha256) if entry else None

    def value(self, ref: Ref) -> bytes | None:
        """A blob's `sha256`, `digest` (of an image's manifest) or `path`; None where it is not in the cache."""
        if not ref.resource.startswith(_PREFIX):
            return None
        entry = self.entry(_item(ref.resource))
        if entry is None:
            return None
        values = {"sha256": entry.sha256, "digest": entry.digest, "path": str(self.cache.path(entry.sha256))}
        return values[ref.attribute].encode()

    # Getting it there

    async def obtain(self, item: Item, report: Report = _quiet) -> Entry:
        """The blob, fetched if need be. Raises SourceFault."""
        return (await self.obtain_all([item], report))[item]

    async def obtain_all(self, items: Sequence[Item], report: Report = _quiet) -> Mapping[Item, Entry]:
        """The blobs, those of one upstream module together. Raises SourceFault for the first that cannot be had."""
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            groups[group(item)].append(item)
        try:
            async with asyncio.TaskGroup() as tasks:
                for members in groups.values():
                    tasks.create_task(self._obtain_group(members, report))
        except ExceptionGroup as faults:
            raise _first(faults) from None
        return {item: self._present(item) for item in items}

    async def _obtain_group(self, items: Sequence[Item], report: Report) -> None:
        lock = self.cache.lock(
            f"get-{group(items[0])}", lambda: report(items[0].name, "another process fetches it; waiting")
        )
        try:
            async with lock:
                missing = [item for item in items if self.entry(item) is None]
                if missing:
                    await self._fetch(missing, report)
        except OSError as fault:
            advice = "Make it writable, or point HARDWAY_CACHE to another directory."
            raise SourceFault(f"the cache {self.cache.root} cannot be used", str(fault), advice) from fault

    async def _fetch(self, items: Sequence[Item], report: Report) -> None:
        """From the first source that answers. A wrong checksum is no reason to look elsewhere: it is raised."""
        refusals: list[str] = []
        for source in [] if self.kind == "cache" else self._sources(items[0]):
            try:
                await source.fetch(items, report)
                return
            except NotAnswering as refusal:
                refusals.append(f"{source.kind}: {refusal.what} {refusal.evidence}".strip())
                report(items[0].name, refusals[-1])
        names = ", ".join(map(str, items))
        advice = "Let this computer reach a release site or a Go module source, or give it a filled cache."
        raise SourceFault(f"no source has {names}", "\n".join(refusals), advice)

    def _present(self, item: Item) -> Entry:
        entry = self.entry(item)
        if entry is None:
            raise SourceFault(f"{item} was fetched and is not in the cache", advice="Run it again.")
        return entry

    def ensure(self, names: Sequence[str], release: Release, report: Report = _quiet) -> Mapping[str, Path]:
        """The blobs of a release by name, outside of any plan: the files. Raises SourceFault, KeyError."""
        items = [Item(name, version_of(name, release)) for name in names]
        entries = asyncio.run(self.obtain_all(items, report))
        return {item.name: self.cache.path(entry.sha256) for item, entry in entries.items()}

    # The handler

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """Blobs that are cached. The cache is shared by all clusters: nothing in it is any one's own to remove."""
        blobs = [resource for resource in resources if isinstance(resource, Blob)]
        present = [blob for blob in blobs if self.entry(Item(blob.blob, blob.version)) is not None]
        return {blob.id: Seen(blob.id, {"cached": "yes"}) for blob in present}

    def owned(self, seen: Seen) -> Resource:
        """Never asked: `observe` owns nothing."""
        raise LookupError(f"{seen.id} belongs to the cache, not to a cluster")

    def batch(self, step: Step) -> str | None:
        """Programs of one upstream module are built by one command."""
        return f"{Blob.kind} {group(_item(step.id))}"

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        items = {_item(step.id): step for step in steps}
        ids = {item.name: step.id for item, step in items.items()}
        last = steps[-1].id

        def tell(name: str, line: str) -> None:
            context.waiting(ids.get(name, last), line)

        try:
            await self.obtain_all(list(items), tell)
        except SourceFault as fault:
            raise StepFailed(last, fault.what, fault.evidence, fault.advice) from None
        for step in steps:
            context.finished(step)


def group(item: Item) -> str:
    """Items with the same group come from the same place at once: an upstream module, or one image alone."""
    program = PROGRAMS.get(item.name)
    return f"{program.module.name}-{item.version}" if program else f"{item.name}-{item.version}"


def _own(item: Item) -> bool:
    """Whether nobody but us has it: our own programs, and the image of one that no registry has."""
    recipe = IMAGES.get(item.name)
    if recipe is not None:
        return not recipe.pulled
    program = PROGRAMS.get(item.name)
    return program is not None and program.upstream is None


def _item(blob_id: str) -> Item:
    name, _, version = blob_id.removeprefix(_PREFIX).rpartition("@")
    return Item(name, version)


def _first(faults: ExceptionGroup[Exception]) -> Exception:
    first = faults.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
