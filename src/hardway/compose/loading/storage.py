"""Named volumes, and what a service mounts, as typed values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.view import View
from hardway.compose.model import Mount, Volume
from hardway.compose.tree import Items, Place, Scalar, Table, empty
from hardway.compose.units import size

DEFAULT_SIZE: Final = "5Gi"
"""Of a volume without `x-hardway: {size: ...}`."""
_QUANTITY: Final = re.compile(r"[1-9][0-9]{0,11}(Ki|Mi|Gi|Ti|k|M|G|T)?")
_CLASS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_HARDWAY: Final = frozenset({"size", "class"})


def mounts(view: View) -> Iterator[Mount]:
    """A service's `volumes`."""
    for mount, node in view.items("volumes"):
        kind, target = mount.text("type"), mount.text("target")
        if not target.startswith("/"):
            view.faults.add(node.place, mount.path, f"the target {target!r} is no absolute path", "begin it with /")
            continue
        yield Mount(
            type=kind,
            source=mount.text("source"),
            target=str(PurePosixPath(target)),
            place=node.place,
            read_only=mount.truth("read_only"),
            subpath=mount.inner("volume").text("subpath"),
            size=mount.inner("tmpfs").size("size"),
        )


def memories(view: View) -> Iterator[Mount]:
    """A service's `tmpfs`."""
    for written in view.texts("tmpfs"):
        target, _, options = written.partition(":")
        sized = [one.removeprefix("size=") for one in options.split(",") if one.startswith("size=")]
        if not target.startswith("/"):
            view.faults.add(view.place("tmpfs"), (*view.path, "tmpfs"), f"{target!r} is no absolute path")
            continue
        yield Mount(
            "tmpfs", "", str(PurePosixPath(target)), view.place("tmpfs"), size=size(sized[0]) if sized else None
        )


def volumes(tree: Table, faults: Collector) -> Iterator[Volume]:
    """The named volumes."""
    section = View(tree, (), faults).inner("volumes")
    for key, entry in section.table.entries.items():
        volume = section.inner(key)
        ours = volume.inner("x-hardway")
        _check_hardway(ours)
        yield Volume(
            key=key,
            name=volume.text("name", key),
            external=volume.truth("external"),
            place=entry.place,
            size=_formed(ours, "size", _QUANTITY, DEFAULT_SIZE),
            storage_class=_formed(ours, "class", _CLASS, ""),
            driver_opts=bool(volume.inner("driver_opts").table.entries) or volume.text("driver", "local") != "local",
        )


def _check_hardway(ours: View) -> None:
    for key, entry in ours.table.entries.items():
        if key not in _HARDWAY:
            ours.faults.add(entry.place, (*ours.path, key), "there is no such key", "size and class are known here")


def _formed(view: View, key: str, pattern: re.Pattern[str], default: str) -> str:
    written = view.text(key, default)
    if written != default and not pattern.fullmatch(written):
        way_out = "such as 10Gi" if key == "size" else "the name of a StorageClass"
        view.faults.add(view.place(key), (*view.path, key), f"{written!r} is no {key}", way_out)
        return default
    return written


def bind_sources(tree: Table) -> Mapping[str, Place]:
    """The paths of bind mounts, each where it stands first."""
    found: dict[str, Place] = {}
    services = tree.get("services")
    for entry in services.entries.values() if isinstance(services, Table) else ():
        service = entry.node if isinstance(entry.node, Table) else empty(entry.place)
        volumes = service.get("volumes")
        for item in volumes.items if isinstance(volumes, Items) else ():
            kind, source = (item.get("type"), item.get("source")) if isinstance(item, Table) else (None, None)
            if isinstance(kind, Scalar) and kind.text == "bind" and isinstance(source, Scalar):
                found.setdefault(source.text, source.place)
    return found
