"""The images that are in the cache: which, what each is, and the way to take one away. Touches the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardway.images.contents import Contents, contents
from hardway.images.faults import ImageFault
from hardway.sources.cache import Cache, Entry, Key

_PREFIX: Final = "image:"


@dataclass(frozen=True, slots=True)
class Kept:
    """An image in the cache."""

    key: str
    archive: Path
    size: int
    """Bytes of the archive."""
    contents: Contents


def key(name: str, digest: str, architecture: str, origin: str) -> Key:
    """What the cache calls the image of a description's digest."""
    return Key(f"{_PREFIX}{name}", digest, architecture, origin)


def kept(cache: Cache) -> Iterator[Kept]:
    """All of them; what is damaged is left out."""
    for key, entry in cache.entries().items():
        if key.startswith(_PREFIX) and (found := _kept(cache, key, entry)) is not None:
            yield found


def find(cache: Cache, wanted: Key) -> Kept | None:
    """The image of that key, if it is there and whole."""
    entry = cache.get(wanted)
    return _kept(cache, str(wanted), entry) if entry else None


def _kept(cache: Cache, key: str, entry: Entry) -> Kept | None:
    archive = cache.path(entry.sha256)
    try:
        return Kept(key, archive, entry.size, contents(archive))
    except (FileNotFoundError, ImageFault):
        return None
