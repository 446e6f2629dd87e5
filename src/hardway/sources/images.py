"""Container images made of one static program: an OCI archive, the same to the last byte each time. Touches files only.

The layout is that of the OCI Image Layout Specification; the annotation io.containerd.image.name is what containerd
calls the image on import.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from hardway.catalog.programs import ImageRecipe
from hardway.sources.cache import sha256_of

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

LAYOUT = "1"
"""Raised when the same program would make another image."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A part of an image: what it is, its hash and its size."""

    media_type: str
    sha256: str
    size: int

    @property
    def digest(self) -> str:
        return f"sha256:{self.sha256}"

    @property
    def body(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Part:
    """A descriptor with its bytes: literal, or in a file."""

    descriptor: Descriptor
    content: bytes | Path


def literal(media_type: str, content: bytes) -> Part:
    return Part(Descriptor(media_type, sha256(content).hexdigest(), len(content)), content)


def make(program: Path, recipe: ImageRecipe, version: str, architecture: str, work: Path) -> tuple[Path, str]:
    """The image's archive, in `work`, and its manifest's digest."""
    layer = _layer(program, recipe.path, work / "layer.tar")
    config = literal(CONFIG, canonical(_config(recipe, architecture, layer.descriptor)))
    manifest = literal(MANIFEST, canonical(manifest_of(config.descriptor, [layer.descriptor])))
    archive = work / "image.tar"
    write_archive(archive, recipe.reference(version), architecture, manifest, [config, layer])
    return archive, manifest.descriptor.digest


def canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def manifest_of(config: Descriptor, layers: Sequence[Descriptor]) -> dict[str, Any]:
    """An image manifest (OCI Image Manifest Specification)."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.body,
        "layers": [layer.body for layer in layers],
    }


def _config(recipe: ImageRecipe, architecture: str, layer: Descriptor) -> dict[str, Any]:
    return {
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": [recipe.path],
            "User": recipe.user,
            "WorkingDir": "/",
            "Env": [f"PATH={PurePosixPath(recipe.path).parent}"],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "hardway"}],
    }


def _layer(program: Path, path: str, target: Path) -> Part:
    inside = PurePosixPath(path.lstrip("/"))
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as layer:
        for parent in reversed([parent for parent in inside.parents if str(parent) != "."]):
            layer.addfile(_entry(f"{parent}/", 0, directory=True))
        with program.open("rb") as content:
            layer.addfile(_entry(str(inside), program.stat().st_size), content)
    return Part(Descriptor(LAYER, sha256_of(target), target.stat().st_size), target)


def _entry(name: str, size: int, *, directory: bool = False, mode: int = 0o755) -> tarfile.TarInfo:
    """Owner root, time zero: nothing of the computer that makes it."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = mode
    entry.type = tarfile.DIRTYPE if directory else tarfile.REGTYPE
    return entry


def write_archive(target: Path, reference: str, architecture: str, manifest: Part, parts: Sequence[Part]) -> None:
    """An OCI image layout as a tar archive: blobs in the order of their digests."""
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [_indexed(reference, architecture, manifest)]}
    blobs = {part.descriptor.sha256: part.content for part in (manifest, *parts)}
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "oci-layout", canonical({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", canonical(index))
        for name in ("blobs/", "blobs/sha256/"):
            archive.addfile(_entry(name, 0, directory=True))
        for name, content in sorted(blobs.items()):
            _add(archive, f"blobs/sha256/{name}", content)


def _indexed(reference: str, architecture: str, manifest: Part) -> dict[str, Any]:
    annotations = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1],
    }
    platform = {"architecture": architecture, "os": "linux"}
    return {**manifest.descriptor.body, "platform": platform, "annotations": annotations}


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        archive.addfile(_entry(name, len(content), mode=0o644), io.BytesIO(content))
        return
    with content.open("rb") as stream:
        archive.addfile(_entry(name, content.stat().st_size, mode=0o644), stream)
