"""What an image that was made here says of itself, read from its OCI archive. Reads that file only."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from hardway.images.faults import ImageFault
from hardway.sources.images import Descriptor

SMALL: Final = 4 << 20
"""Bytes of a manifest or configuration at most."""
OWN: Final = "hardway.internal/"
TAGS_LABEL: Final = f"{OWN}tags"
PACKAGES_LABEL: Final = f"{OWN}packages"
ORIGIN_LABEL: Final = f"{OWN}origin"
DESCRIPTION_LABEL: Final = f"{OWN}description"
NAME_LABEL: Final = f"{OWN}name"
VERSION_LABEL: Final = "org.opencontainers.image.version"
TITLE_LABEL: Final = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Contents:
    """An image: its parts, and its labels."""

    manifest: Mapping[str, Any]
    digest: str
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.labels[NAME_LABEL]

    @property
    def version(self) -> str:
        return self.labels[VERSION_LABEL]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.labels[TAGS_LABEL].split())

    @property
    def parts(self) -> tuple[Descriptor, ...]:
        """The configuration and the layers."""
        listed = (self.manifest["config"], *self.manifest["layers"])
        return tuple(Descriptor(one["mediaType"], one["digest"].removeprefix("sha256:"), one["size"]) for one in listed)


def contents(archive: Path) -> Contents:
    """Raises ImageFault for an archive that is none of ours."""
    try:
        with tarfile.open(archive, "r:") as opened:
            listed = json.loads(_small(opened, "index.json"))["manifests"][0]
            manifest = json.loads(_small(opened, _blob(listed["digest"])))
            config = json.loads(_small(opened, _blob(manifest["config"]["digest"])))
        found = Contents(manifest, listed["digest"], config["config"]["Labels"])
        if not {NAME_LABEL, VERSION_LABEL, TAGS_LABEL} <= found.labels.keys():
            raise KeyError(NAME_LABEL)
    except (tarfile.TarError, KeyError, IndexError, TypeError, ValueError) as fault:
        raise ImageFault(f"{archive.name} is no image that was made here", repr(fault)) from fault
    return found


@contextmanager
def part(archive: Path, descriptor: Descriptor) -> Iterator[IO[bytes]]:
    """A part of the image as a stream. Raises ImageFault."""
    with tarfile.open(archive, "r:") as opened:
        try:
            stream = opened.extractfile(_blob(descriptor.digest))
        except KeyError:
            stream = None
        if stream is None:
            raise ImageFault(f"{archive.name} does not hold {descriptor.digest}")
        with stream:
            yield stream


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _small(opened: tarfile.TarFile, name: str) -> bytes:
    member = opened.getmember(name)
    stream = opened.extractfile(member)
    if stream is None or member.size > SMALL:
        raise ValueError(f"{name} is no small file")
    return stream.read()
