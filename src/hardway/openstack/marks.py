"""How what this cluster made in a cloud is told from what is others': marks given at the moment of making. Pure.

An object bears the cluster's id in its description (in its name or metadata, where its kind has no description) from
its first moment on, so that a run that is cut off between making and tagging loses nothing. Tags are for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KEY: Final = "hardway:cluster-id"
"""Of tags (KEY=ID), descriptions (the same, then words) and servers' metadata."""
MACHINE: Final = "hardway:machine"
"""Of servers' metadata."""
IMAGE: Final = "hardway:image"
"""Of servers' metadata: what they were made of, as the spec called it."""
REACHED: Final = "hardway:reached"
"""Of servers' metadata: SSH has answered there once, so that the server is more than begun."""
FOUND: Final = "hardway:found"
"""A tag of a floating address that was in the project already: taken into use, and only let go of by `down`."""


def tag(cluster_id: str) -> str:
    """The tag of everything that can have one."""
    return f"{KEY}={cluster_id}"


def description(cluster_id: str, what: str) -> str:
    """The mark, then what it is for, in words; 255 characters are the most that all kinds take."""
    return f"{tag(cluster_id)} {what}"[:255]


def is_ours(thing: Mapping[str, Any], cluster_id: str) -> bool:
    """Whether something bears this cluster's mark; nothing does while there is no cluster."""
    if not cluster_id:
        return False
    first = str(thing.get("description") or "").split(" ", 1)[0]
    return first == tag(cluster_id) or tag(cluster_id) in (thing.get("tags") or ())


def unique_name(cluster: str, cluster_id: str) -> str:
    """A name for kinds that have nothing but a name to be known by (key pairs, server groups)."""
    return f"{cluster}-{cluster_id[:8]}"
