"""hardway's cache as a disk: the programs and images that one cluster needs, and the lab's base image.

With it the virtual machine needs no network. What is missing in this computer's own cache is fetched first.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.vm.kept import kept, make_disk, run

from hardway.catalog.programs import IMAGES
from hardway.lab.base import Base, ensure_base
from hardway.lab.provider import LabProvider
from hardway.operations.programs import obtain
from hardway.sources.cache import Cache
from hardway.sources.source import Item
from hardway.sources.store import Store
from hardway.spec.model import Cluster


def supplies(cluster: Cluster) -> Path:
    """The disk, made once for these programs, images and base image."""
    cache = Cache()
    base, blobs = asyncio.run(_gather(cluster, cache))

    def make(folder: Path) -> None:
        tree = folder / "tree"
        _lay(tree, cache, base, blobs)
        make_disk(folder / "supplies.img", tree, "supplies")
        shutil.rmtree(tree)

    return kept("supplies", (Path(__file__).read_text(), base.tree.name, *sorted(blobs)), make) / "supplies.img"


async def _gather(cluster: Cluster, cache: Cache) -> tuple[Base, frozenset[str]]:
    """The base image, and the hashes of all programs and images."""
    store = Store(cache, kind=cluster.sources.kind, mirror=cluster.sources.mirror)
    base = await ensure_base(cluster.lab.suite, cluster.lab.mirror)
    programs = await obtain(cluster, LabProvider(), store, lambda name, line: None)
    items = [Item(program.name, program.version) for program in programs]
    return base, frozenset((*(program.sha256 for program in programs), *_ingredients(items, store)))


def _ingredients(items: list[Item], store: Store) -> Iterator[str]:
    """An image that was made of a program is found in the cache by that program."""
    for item in items:
        recipe = IMAGES.get(item.name)
        entry = recipe and store.entry(Item(recipe.program, item.version))
        if entry:
            yield entry.sha256


def _whole(nanoseconds: int) -> int:
    """mke2fs(8) keeps whole seconds; with another time in the index every blob would be read to see if it changed."""
    return nanoseconds // 10**9 * 10**9


def _lay(tree: Path, cache: Cache, base: Base, blobs: frozenset[str]) -> None:
    """As hard links: nothing is copied but into the disk itself."""
    (tree / "blobs").mkdir(parents=True)
    for sha256 in blobs:
        os.link(cache.path(sha256), tree / "blobs" / sha256)
    index = json.loads((cache.root / "index.json").read_bytes())
    known = {
        key: {**entry, "modified": _whole(entry["modified"])}
        for key, entry in index.items()
        if entry["sha256"] in blobs
    }
    (tree / "index.json").write_text(json.dumps(known, indent=1, sort_keys=True))
    (tree / "lab").mkdir()
    run("cp", "-al", str(base.tree), str(tree / "lab"))
