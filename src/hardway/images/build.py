"""Makes an image of a description: packages, what is laid over them, one layer, an OCI archive in the cache.

The same description and the same versions of its packages make the same image, to the last byte.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hardway.images import names, shelf
from hardway.images import tree as trees
from hardway.images.contents import (
    DESCRIPTION_LABEL,
    NAME_LABEL,
    ORIGIN_LABEL,
    PACKAGES_LABEL,
    TAGS_LABEL,
    TITLE_LABEL,
    VERSION_LABEL,
)
from hardway.images.description import Described, Description
from hardway.images.faults import ImageFault
from hardway.images.lay import inside, lay
from hardway.images.layer import write_layer
from hardway.images.shelf import Kept
from hardway.sources.cache import Cache, Key, sha256_of
from hardway.sources.images import (
    CONFIG,
    LAYER,
    MANIFEST,
    Descriptor,
    Part,
    canonical,
    literal,
    manifest_of,
    write_archive,
)

Tell = Callable[[str], None]
BEGINNING: Final = "1970-01-01T00:00:00Z"
"""When every image was made: the time of its making is no part of it."""
_APPLET: Final = re.compile(r"[A-Za-z0-9_.+\[-]{1,40}")


def key_of(description: Description, architecture: str) -> Key:
    """What the cache calls the image of a description. Raises ImageFault for an unknown program."""
    program = description.said.program
    origin = f"debian-{description.said.suite}" if program is None else f"go-{trees.program_version(program)}"
    return shelf.key(description.name, description.digest, architecture, origin)


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes images for one architecture, one at a time."""

    cache: Cache
    architecture: str

    async def build(self, description: Description, tell: Tell, *, fresh: bool = False) -> Kept:
        """The image: as it is in the cache, or made; `fresh` makes it anew of today's packages. Raises ImageFault."""
        async with self.cache.lock("images", lambda: tell("waiting for another image to be made")):
            found = shelf.find(self.cache, key_of(description, self.architecture))
            if found is not None and not fresh:
                return found
            made = await self._made(description, tell)
            if found is not None and found.archive != made.archive:
                found.archive.unlink(missing_ok=True)
            return made

    async def _made(self, description: Description, tell: Tell) -> Kept:
        key = key_of(description, self.architecture)
        with self.cache.workspace() as work:
            tree = work / "tree"
            # A moment earlier: some file systems keep times in whole seconds.
            began = float(int(time.time()) - 1)
            tell(f"{description.said.origin}: {' '.join(description.said.packages) or description.said.main_package}")
            found = await trees.make_tree(description.said, tree, self.cache, tell)
            tell("writing the image")
            await self._lay(tree, description)
            archive, digest = await asyncio.to_thread(self._write, tree, description, found, work, began)
            await asyncio.to_thread(self.cache.put, key, archive, executable=False, digest=digest)
        made = shelf.find(self.cache, key_of(description, self.architecture))
        if made is None:
            raise ImageFault(f"{description.name} was made and is not in the cache", advice="Make it again.")
        return made

    async def _lay(self, tree: Path, description: Description) -> None:
        await asyncio.to_thread(lay, tree, description)
        if description.said.applets:
            _link(tree, await trees.applets(tree, "/usr/bin/busybox"))

    def _write(
        self, tree: Path, description: Description, found: Mapping[str, str], work: Path, began: float
    ) -> tuple[Path, str]:
        said = description.said
        file = work / "layer.tar"
        keep = frozenset(str(inside(tree, path).relative_to(tree)) for path in description.laid)
        write_layer(tree, file, began=began, keep=keep)
        layer = Part(Descriptor(LAYER, sha256_of(file), file.stat().st_size), file)
        labels = labels_of(description, found)
        config = literal(CONFIG, canonical(config_of(said, self.architecture, layer.descriptor, labels)))
        manifest = literal(MANIFEST, canonical(manifest_of(config.descriptor, [layer.descriptor])))
        archive = work / "image.tar"
        reference = names.Reference(names.full_repository(said.name), labels[TAGS_LABEL].split()[0])
        write_archive(archive, str(reference), self.architecture, manifest, [config, layer])
        return archive, manifest.descriptor.digest


def _link(tree: Path, applets: tuple[str, ...]) -> None:
    for name in applets:
        link = tree / "usr/bin" / name
        if _APPLET.fullmatch(name) and not link.exists() and not link.is_symlink():
            link.symlink_to("busybox")


def labels_of(description: Description, found: Mapping[str, str]) -> Mapping[str, str]:
    """What the image is made of. Raises ImageFault where the package of its version is not in it."""
    said = description.said
    version = said.version or found.get(said.main_package)
    if version is None:
        raise ImageFault(f"versionOf: {said.main_package} is not in the image", advice=f"It has {', '.join(found)}.")
    return {
        NAME_LABEL: said.name,
        TITLE_LABEL: said.title,
        VERSION_LABEL: names.upstream_version(version),
        TAGS_LABEL: " ".join(names.tags(said, version)),
        ORIGIN_LABEL: said.origin,
        DESCRIPTION_LABEL: description.digest,
        PACKAGES_LABEL: " ".join(f"{name}={number}" for name, number in found.items()),
    }


def config_of(said: Described, architecture: str, layer: Descriptor, labels: Mapping[str, str]) -> Mapping[str, Any]:
    """The image's configuration (OCI Image Configuration Specification)."""
    start = said.start
    settings: Mapping[str, Any] = {
        "Entrypoint": list(start.entrypoint),
        "Cmd": list(start.command),
        "Env": [f"{name}={value}" for name, value in sorted(start.environment.items())],
        "ExposedPorts": {f"{port}/tcp": {} for port in start.ports},
        "Volumes": {path: {} for path in start.volumes},
        "User": start.user,
        "StopSignal": start.stop_signal,
    }
    return {
        "architecture": architecture,
        "os": "linux",
        "created": BEGINNING,
        "config": {
            **{name: value for name, value in settings.items() if value},
            "WorkingDir": start.directory,
            "Labels": dict(labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        "history": [{"created": BEGINNING, "created_by": "hardway"}],
    }
