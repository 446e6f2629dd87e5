"""Images from OCI archives: found by their name, unpacked once. Touches the folder given, and runs tar(1).

OCI Image Layout Specification; image-spec, "Whiteouts". Archives are this computer's own (hardway's cache, or a folder
that the user names); each blob is verified by its digest all the same.
"""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from hardway.fargate.local.runtime import CannotPull
from hardway.lab.commands import run
from hardway.lab.faults import LabFault

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
LARGEST_DOCUMENT: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """An image, unpacked."""

    digest: str
    root: Path
    config: Mapping[str, Any]
    """The configuration's `config`: Entrypoint, Cmd, Env, User, WorkingDir."""


@dataclass
class Images:
    """The images in some archives."""

    archives: Sequence[Path]
    """Files, and folders of *.tar."""
    unpacked: Path
    _found: dict[str, Image] = field(default_factory=dict)

    async def get(self, reference: str) -> Image:
        """Raises CannotPull."""
        name = normal(reference)
        if name not in self._found:
            self._found[name] = await self._unpack(*self._find(name, reference))
        return self._found[name]

    def _find(self, name: str, reference: str) -> tuple[Path, str]:
        for archive in self._files():
            for found, digest in _listed(archive):
                if normal(found) == name or digest == name.rpartition("@")[2]:
                    return archive, digest
        raise CannotPull(
            f"pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: not found"
        )

    def _files(self) -> Sequence[Path]:
        folders = (sorted(one.glob("*.tar")) if one.is_dir() else [one] for one in self.archives)
        return [file for files in folders for file in files]

    async def _unpack(self, archive: Path, digest: str) -> Image:
        target = self.unpacked / digest.removeprefix("sha256:")
        work = target.with_suffix(".part")
        with tarfile.open(archive) as tar:
            manifest = _document(tar, digest)
            config = _document(tar, manifest["config"]["digest"]).get("config") or {}
            if not target.exists():
                shutil.rmtree(work, ignore_errors=True)
                (work / "root").mkdir(parents=True)
                for layer in manifest["layers"]:
                    await _apply_layer(tar, layer["digest"], work)
                work.rename(target)
        return Image(digest, target / "root", config)


def normal(reference: str) -> str:
    """An image's full name, as containerd has it: docker.io/library/httpd:latest for httpd."""
    first, slash, _ = reference.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        reference = f"docker.io/{reference}" if slash else f"docker.io/library/{reference}"
    if "@" in reference:
        return reference
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _listed(archive: Path) -> list[tuple[str, str]]:
    """The names of the images in an archive, each with its manifest's digest. A broken archive has none."""
    try:
        with tarfile.open(archive) as tar:
            index = _json(tar.extractfile("index.json"))
    except (OSError, tarfile.TarError, KeyError, ValueError):
        return []
    found: list[tuple[str, str]] = []
    for one in index.get("manifests") or ():
        names = one.get("annotations") or {}
        found += [(names[key], one["digest"]) for key in _NAMES if key in names]
    return found


def _json(stream: IO[bytes] | None) -> Any:
    return json.loads(stream.read(LARGEST_DOCUMENT)) if stream else {}


def _document(tar: tarfile.TarFile, digest: str) -> Any:
    return json.loads(_blob(tar, digest).read(LARGEST_DOCUMENT))


def _blob(tar: tarfile.TarFile, digest: str) -> IO[bytes]:
    if not _DIGEST.fullmatch(digest):
        raise CannotPull(f"{digest[:80]!r} is no digest")
    try:
        stream = tar.extractfile(f"blobs/sha256/{digest.removeprefix('sha256:')}")
    except KeyError:
        stream = None
    if stream is None:
        raise CannotPull(f"the archive has no {digest}")
    return stream


async def _apply_layer(tar: tarfile.TarFile, digest: str, work: Path) -> None:
    """GNU tar unpacks it: it leads nothing out of the folder, by `..` or by links, and knows the compression itself."""
    file = work / "layer"
    seen = sha256()
    stream = _blob(tar, digest)
    with file.open("wb") as out:
        while chunk := stream.read(1 << 20):
            seen.update(chunk)
            out.write(chunk)
    if f"sha256:{seen.hexdigest()}" != digest:
        raise CannotPull(f"{digest} has another content")
    root = work / "root"
    with tarfile.open(file) as layer:
        marks = [name for name in layer.getnames() if Path(name).name.startswith(_WHITEOUT)]
    for mark in marks:
        _whiteout(root, mark)
    try:
        options = ("--numeric-owner", "--same-permissions", "--same-owner", f"--exclude={_WHITEOUT}*")
        await run(("tar", "-x", *options, "-C", str(root), "-f", str(file)), within=300)
    except LabFault as fault:
        raise CannotPull(f"{digest} cannot be unpacked: {fault.evidence[-200:]}") from fault
    file.unlink()


def _whiteout(root: Path, mark: str) -> None:
    """Take away what a lower layer had."""
    folder = root.joinpath(*(part for part in Path(mark).parent.parts if part not in ("..", "/", ".")))
    if not folder.resolve().is_relative_to(root.resolve()):
        return
    name = Path(mark).name
    victims = list(folder.iterdir()) if name == _OPAQUE and folder.is_dir() else [folder / name[len(_WHITEOUT) :]]
    for victim in victims:
        if victim.is_dir() and not victim.is_symlink():
            shutil.rmtree(victim, ignore_errors=True)
        else:
            victim.unlink(missing_ok=True)
