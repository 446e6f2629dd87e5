"""What a proof has made so far, and how each is taken away again: last made, first gone, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

from hardway.cloud.check.said import is_gone, said


class Made:
    """A list of what to take away."""

    def __init__(self) -> None:
        self._removals: list[tuple[str, Callable[[], object]]] = []

    def undo(self, what: str, remove: Callable[[], object]) -> None:
        """`remove` will be called at the end; that the thing is gone already is no fault."""
        self._removals.append((what, remove))

    def take_away(self) -> list[str]:
        """All of it, each even where another could not be; answers what is still there, with why."""
        left = [trouble for what, remove in reversed(self._removals) if (trouble := _removed(what, remove))]
        self._removals.clear()
        return left


def _removed(what: str, remove: Callable[[], object]) -> str:
    try:
        remove()
    except Exception as error:
        # whatever the cloud answers, the others must still go
        return "" if is_gone(error) else f"{what}: {said(error)}"
    return ""
