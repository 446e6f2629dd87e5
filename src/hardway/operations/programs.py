"""Brings into the cache all programs and images that a cluster will need, before there is any cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardway.machines.provider import Provider
from hardway.operations.wanted import wanted
from hardway.resources.operator import Blob
from hardway.sources.source import Item
from hardway.sources.store import Store
from hardway.spec.model import Cluster

Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """A program or image in the cache."""

    name: str
    version: str
    size: int
    """Bytes."""
    sha256: str


async def obtain(cluster: Cluster, provider: Provider, store: Store, report: Report) -> Sequence[Program]:
    """Fetch or build what is missing. Raises SourceFault."""
    blobs = [one for one in wanted(cluster, {}, provider) if isinstance(one, Blob)]
    items = [Item(blob.blob, blob.version) for blob in blobs]
    entries = await store.obtain_all(items, report)
    return [Program(item.name, item.version, entry.size, entry.sha256) for item, entry in entries.items()]
