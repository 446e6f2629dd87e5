"""What was made on this computer, and what was there before: so that it can be taken away, and put back byte for byte.

In the workstation's state directory (0700): `inventory.json`, and `preimages/<digest of the path>`. A thing is recorded
before it is made, so that nothing made can be unknown. What was at a path is kept before its first change; it comes
back whole when nothing but hardway has changed the file since, and otherwise only hardway's own part is taken out.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from hardway.resources.base import digest
from hardway.state.directory import StateDirectory
from hardway.state.faults import StateFault
from hardway.workstation.paths import content_mark, link_mark, make_parents, mark, put, put_link

FILE: Final = "inventory.json"
FORMAT: Final = "hardway-workstation/v1"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that hardway has changed."""

    before: str
    """The mark of what was there."""
    left: str
    """The mark of what hardway left there."""
    alone: bool = True
    """Whether nobody else has changed it in between."""
    owner: tuple[int, int] | None = None
    """User and group of the file that was there."""


class Inventory:
    """The inventory of one user's workstation. Written by one process at a time (the state's lock sees to that)."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._things: dict[str, Mapping[str, str]] = {}
        self._paths: dict[str, Changed] = {}
        self._parents: list[str] = []

    def read(self) -> None:
        """Raises StateFault where it cannot be read."""
        content = self._state.read(FILE) if self._state.path.exists() else None
        if content is None:
            return
        try:
            self._take(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise StateFault(f"{self._state.path / FILE} cannot be read", "bring it back from a backup") from fault

    def _take(self, data: Any) -> None:
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        self._things = {str(one): dict(thing) for one, thing in data["things"].items()}
        self._paths = {
            str(path): Changed(one["before"], one["left"], one["alone"], tuple(one["owner"]) if one["owner"] else None)
            for path, one in data["paths"].items()
        }
        self._parents = [str(one) for one in data["parents"]]

    def _write(self) -> None:
        paths = {path: asdict(one) for path, one in self._paths.items()}
        data = {"format": FORMAT, "things": self._things, "paths": paths, "parents": self._parents}
        self._state.write(FILE, json.dumps(data, indent=1).encode() + b"\n")

    # Things

    @property
    def things(self) -> Mapping[str, Mapping[str, str]]:
        """What is ours, by the resource's id, with what is to know when it is taken away."""
        return self._things

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Those of some kinds."""
        return ((one, thing) for one, thing in self._things.items() if one.split(":", 1)[0] in kinds)

    def record(self, resource_id: str, thing: Mapping[str, str]) -> None:
        """Before a thing is made: it is ours."""
        self._things[resource_id] = thing
        self._write()

    def forget(self, resource_id: str) -> None:
        """After a thing has gone."""
        self._things.pop(resource_id, None)
        self._write()

    # Paths

    def keep(self, path: Path) -> None:
        """Before a path is changed: keeps what is there, once, and makes the folders that it needs."""
        found = mark(path)
        known = self._paths.get(str(path))
        if known is None:
            self._keep_first(path, found)
        elif found != known.left:
            self._paths[str(path)] = replace(known, alone=False)
        self.note_parents(make_parents(path))

    def note_parents(self, folders: Sequence[Path]) -> None:
        """Folders that were made only because something of ours needed them."""
        self._parents.extend(str(one) for one in folders)
        self._write()

    def made(self, folders: Sequence[Path]) -> None:
        """The same for the state's own folder; written with the first thing that is recorded."""
        self._parents.extend(str(one) for one in folders)

    def _keep_first(self, path: Path, found: str) -> None:
        owner = None
        if found.startswith("file:"):
            self._state.write(_preimage(path), path.read_bytes())
            status = path.stat()
            owner = (status.st_uid, status.st_gid)
        self._paths[str(path)] = Changed(found, found, owner=owner)

    def changed(self, path: Path) -> None:
        """After another program has changed the path for us."""
        self._will_be(path, mark(path))

    def put(self, path: Path, content: bytes, mode: int | None = None) -> None:
        """Keep what is there, then write the file; without a mode the file's own stays. Whole or not at all."""
        self.keep(path)
        bits = _mode(path) if mode is None else mode
        self._will_be(path, content_mark(content, bits))
        put(path, content, bits)

    def put_link(self, path: Path, target: str) -> None:
        """Keep what is there, then make the link."""
        self.keep(path)
        self._will_be(path, link_mark(target))
        put_link(path, target)

    def _will_be(self, path: Path, left: str) -> None:
        """Recorded beforehand: cut off before the change, the next `keep` finds what was there and takes it for changed
        by somebody else, which is the safe side."""
        self._paths[str(path)] = replace(self._paths[str(path)], left=left)
        self._write()

    def as_left(self, path: Path) -> bool:
        """Whether the path is as hardway left it."""
        known = self._paths.get(str(path))
        return known is not None and mark(path) == known.left

    def untouched(self, path: Path) -> bool:
        """Whether, beyond that, nobody else has ever changed it in between."""
        return self.as_left(path) and self._paths[str(path)].alone

    def alone(self, path: Path, resource_id: str) -> bool:
        """Whether no other thing of ours is at that path."""
        return not any(thing.get("path") == str(path) for one, thing in self._things.items() if one != resource_id)

    def restore(self, path: Path) -> None:
        """Put back what was there before, and remove the folders that were made for it, where they are empty."""
        known = self._paths[str(path)]
        if known.before == NOTHING:
            path.unlink(missing_ok=True)
        elif known.before.startswith("link:"):
            put_link(path, known.before.removeprefix("link:"))
        else:
            content = self._state.read(_preimage(path))
            if content is None:
                raise StateFault(f"what was at {path} before is no longer in {self._state.path}", "restore it by hand")
            put(path, content, int(known.before.split(":")[1], 8), known.owner)
        self.release(path)

    def release(self, path: Path) -> None:
        """Know nothing of the path any more; what is there stays as it is."""
        self._state.delete(_preimage(path))
        self._paths.pop(str(path), None)
        self.remove_empty_parents()

    def remove_empty_parents(self) -> None:
        """Folders that were made for something of ours go with the last thing in them."""
        for parent in self.parents:
            with suppress(OSError):  # not empty, or gone already
                parent.rmdir()
        self._parents = [parent for parent in self._parents if Path(parent).exists()]
        self._write()

    @property
    def parents(self) -> Sequence[Path]:
        """Folders that were made for something of ours, the innermost first."""
        return [Path(one) for one in sorted(self._parents, key=len, reverse=True)]

    @property
    def empty(self) -> bool:
        """Whether nothing is ours any more."""
        return not self._things and not self._paths


def _preimage(path: Path) -> str:
    return f"preimages/{digest(os.fsencode(path))}"


def _mode(path: Path) -> int:
    """Of the file that is there, else what a file of the user's own has."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
