"""What a source of programs or images is: one small interface. A new source is a new file, registered in `store`."""

from __future__ import annotations

import platform
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hardway.sources.cache import Key

Report = Callable[[str, str], None]
"""Called with a blob's name and one line of how far it is."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def own_architecture() -> str:
    """This computer's architecture, as Go and the release sites call it."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


@dataclass(frozen=True, slots=True)
class Item:
    """A program or image that is wanted, by its name in the catalog."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Source(Protocol):
    """Somewhere programs or images come from."""

    @property
    def kind(self) -> str:
        """As in the spec's sources.kind."""
        ...

    def key(self, item: Item) -> Key | None:
        """What the cache calls this item when it comes from here; None for what this source never has."""
        ...

    def fetch(self, items: Sequence[Item], report: Report) -> Awaitable[None]:
        """Bring items of one group (one upstream module, or one image) into the cache.

        Raises NotAnswering where another source may do better, SourceFault where trying another would be wrong.
        """
        ...
