"""Opens the workstation's state directory: made where it is needed, held while it is changed, gone when it is empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hardway.state.directory import LOCK, StateDirectory
from hardway.state.files import check_private, make_directory
from hardway.state.lock import locked as lock
from hardway.workstation.inventory import Inventory
from hardway.workstation.paths import make_parents

NAME: Final = "workstation"


@contextmanager
def kept(path: Path, command: str, *, locked: bool) -> Iterator[tuple[StateDirectory, Inventory]]:
    """The state directory and what is recorded in it. Raises StateFault, Locked."""
    state = StateDirectory(path, NAME, cluster_id="")
    inventory = Inventory(state)
    with ExitStack() as stack:
        if locked:
            made = make_parents(path)
            make_directory(path)
            stack.callback(_leave_no_trace, path, made)
            stack.enter_context(lock(state.lock, command, datetime.now(UTC)))
            inventory.read()
            inventory.made(made)
        elif check_private(path, directory=True):
            inventory.read()
        yield state, inventory


def _leave_no_trace(path: Path, made: list[Path]) -> None:
    """A directory in which nothing but the lock was ever kept goes, with the folders that were made for it."""
    if path.is_dir() and {entry.name for entry in path.iterdir()} <= {LOCK}:
        (path / LOCK).unlink(missing_ok=True)
        path.rmdir()
        for folder in reversed(made):
            with suppress(OSError):  # not empty
                folder.rmdir()
