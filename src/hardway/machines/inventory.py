"""What a machine remembers of what this cluster made on it: lines that are only ever appended. Pure.

Under /var/lib/hardway (0700): `cluster` (the cluster's id), `inventory` (below), `preimages/<key>/` (what was at a path
before it was taken), `started/<unit>` (the digest of what a unit read when it last proved ready), `lock`.

A line is `+ KIND NAME [ATTRIBUTE=VALUE ...]` or `- KIND NAME`; names and values are percent-encoded. Later lines add to
and override earlier ones; `-` forgets all that was said of a thing. It is written *before* its effect, so that nothing
made can be unknown: owning what is not there yet is harmless, for removing it does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote

from hardway.resources.host import STATE

CLUSTER: Final = f"{STATE}/cluster"
INVENTORY: Final = f"{STATE}/inventory"
PREIMAGES: Final = f"{STATE}/preimages"
STARTED: Final = f"{STATE}/started"
LOCK: Final = f"{STATE}/lock"

PARENT: Final = "parent"
"""The kind of directories that were made only because a file needed them; they go with the last file in them."""

PACKAGE: Final = "package"
"""The kind of single packages that were not there before; one may serve several `Packages`."""

_SAFE: Final = "/:@+._,-"


class ForeignMachine(Exception):
    """The machine belongs to another cluster; nothing on it was touched."""

    def __init__(self, machine: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"{machine} belongs to another cluster (id {theirs}, this one is {ours}); nothing was changed there. "
            f"Take it out of cluster.yaml, or take that cluster down first. If that cluster is gone for good, "
            f"delete {CLUSTER} on {machine} and run again."
        )
        self.machine = machine
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that this cluster made on the machine."""

    kind: str
    name: str
    attributes: Mapping[str, str]


Key = tuple[str, str]
"""Kind and name."""


def made(kind: str, name: str, attributes: Mapping[str, str]) -> str:
    """The line that says: this is ours, and so it is. Safe within single or double quotes of a shell."""
    pairs = (f" {_encoded(key)}={_encoded(value)}" for key, value in attributes.items())
    return f"+ {_encoded(kind)} {_encoded(name)}{''.join(pairs)}"


def gone(kind: str, name: str) -> str:
    """The line that says: this is no longer ours."""
    return f"- {_encoded(kind)} {_encoded(name)}"


def parse(text: str) -> Mapping[Key, Entry]:
    """What is owned, by kind and name, in order of first appearance. A line cut off by a power cut is passed over."""
    owned: dict[Key, Entry] = {}
    for line in text.split("\n"):
        match line.split(" "):
            case ["+", kind, name, *pairs] if all("=" in pair for pair in pairs):
                key = (unquote(kind), unquote(name))
                before = owned[key].attributes if key in owned else {}
                owned[key] = Entry(*key, {**before, **dict(map(_pair, pairs))})
            case ["-", kind, name]:
                owned.pop((unquote(kind), unquote(name)), None)
    return owned


def preimage_key(path: str) -> str:
    """The name, under `preimages`, of what was at that path before."""
    return sha256(path.encode()).hexdigest()


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return unquote(key), unquote(value)


def _encoded(text: str) -> str:
    return quote(text, safe=_SAFE)
