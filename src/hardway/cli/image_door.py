"""What the command line asks of the images: an interface that app/ fills in. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from hardway.images.operations import Built, Listed
    from hardway.images.push import Pushed

Report = Callable[[str, str], None]


class Images(Protocol):
    """Images of this computer's cache, and a cluster's registry. Each raises ImageFault and SpecFaults.

    What is wished is a name with or without a tag, or a folder with an image.yaml. `exact` refuses what would only
    stand for another; else that is told in the result's `note`.
    """

    def listed(self) -> Sequence[Listed]:
        """The catalogue and what is in the cache."""
        ...

    def build(self, wished: Sequence[str], *, exact: bool, fresh: bool, report: Report) -> Awaitable[Sequence[Built]]:
        """Make them, or answer what is in the cache; `fresh` makes them anew of today's packages."""
        ...

    def push(
        self, spec: Path, wished: Sequence[str], *, exact: bool, report: Report
    ) -> Awaitable[tuple[Sequence[Built], Sequence[Pushed]]]:
        """Make what is not there, and bring all to the registry of a spec's cluster."""
        ...

    def remove(self, name: str) -> Sequence[Listed]:
        """Take an image out of the cache."""
        ...
