"""A volume in two files on this computer: NAME.tar.gz, and NAME.json that says what it is. Touches these files only."""

from __future__ import annotations

import json
import os
import tarfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

from hardway.volumes.faults import VolumeFault

FORMAT: Final = "hardway-volume/v1"
SUFFIX: Final = ".tar.gz"
CHUNK: Final = 256 * 1024
LARGEST_DESCRIPTION: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Description:
    """What an archive holds."""

    cluster: str
    namespace: str
    claim: str
    size: str
    """What the claim asks for, as Kubernetes writes it."""
    node: str
    taken: str
    """ISO 8601."""
    consistent: bool
    """Whether no pod used the volume meanwhile."""
    files: int
    digest: str
    """Over names, kinds, modes, owners, links and contents, as they were on the worker."""
    sha256: str
    """Of the archive."""


def archive_name(cluster: str, namespace: str, claim: str, now: datetime) -> str:
    """The archive's file name."""
    return f"{cluster}-{namespace}-{claim}-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"


def description_of(archive: Path) -> Path:
    """Where the description of an archive is."""
    return archive.with_name(f"{archive.name.removesuffix(SUFFIX)}.json")


class Packing:
    """An archive that is being written, private and under another name until it is whole."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._beside = archive.with_name(f".{archive.name}.new")
        self._beside.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
        self._packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._digest = sha256()
        self.size = 0
        """Bytes of the volume so far."""

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self._write(self._packer.compress(data))

    def _write(self, packed: bytes) -> None:
        self._digest.update(packed)
        self._file.write(packed)

    def finish(self) -> str:
        """Write the rest, bring it to the disk, read it again; answers its SHA-256. Raises VolumeFault."""
        self._write(self._packer.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        expected = self._digest.hexdigest()
        verify(self._beside, expected)
        return expected

    def publish(self, description: Description) -> None:
        """Give it its name; the description last, so that what has one is whole."""
        self._beside.replace(self._archive)
        path = description_of(self._archive)
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            json.dump({"format": FORMAT, **asdict(description)}, file, indent=2)
            file.write("\n")
        new.replace(path)

    def drop(self) -> None:
        """Leave nothing of one that did not become whole."""
        self._file.close()
        self._beside.unlink(missing_ok=True)


def verify(archive: Path, expected: str) -> None:
    """Hold an archive to its SHA-256, and read it to its end. Raises VolumeFault."""
    with archive.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != expected:
            raise VolumeFault(f"{archive} is not what was written: its checksum differs", advice="take another copy")
    try:
        with tarfile.open(archive, "r:gz") as content:
            for _ in content:
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as fault:
        raise VolumeFault(f"{archive} is no whole archive", str(fault), "take another copy") from fault


def describe(archive: Path) -> Description:
    """What an archive says of itself, after it was held to its checksum. Raises VolumeFault."""
    if not archive.name.endswith(SUFFIX):
        what = f"{archive} is no archive of a volume"
        raise VolumeFault(what, advice=f"name the file that ends in {SUFFIX}", bad_input=True)
    found = _read(description_of(archive))
    verify(archive, found.sha256)
    return found


def _read(path: Path) -> Description:
    advice = "it lies beside the archive since `hardway volumes backup`; bring both files"
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(LARGEST_DESCRIPTION))
        return _description(data)
    except FileNotFoundError:
        raise VolumeFault(f"{path} is not there", advice=advice, bad_input=True) from None
    except (ValueError, KeyError, TypeError) as fault:
        raise VolumeFault(f"{path} describes no archive", str(fault), advice, bad_input=True) from fault


def _description(data: Any) -> Description:
    if data["format"] != FORMAT:
        raise ValueError(f"format is {data['format']!r}, not {FORMAT}")
    texts = {name: data[name] for name in ("cluster", "namespace", "claim", "size", "node", "taken")}
    digests = {name: data[name] for name in ("digest", "sha256")}
    if not all(isinstance(value, str) for value in texts.values()):
        raise ValueError("not all of its fields are text")
    if not all(isinstance(value, str) and _is_digest(value) for value in digests.values()):
        raise ValueError("its checksums are no SHA-256")
    return Description(**texts, **digests, consistent=bool(data["consistent"]), files=int(data["files"]))


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


async def unpacked(archive: Path) -> AsyncIterator[bytes]:
    """The tar archive within, piece by piece."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    with archive.open("rb") as file:
        while data := file.read(CHUNK):
            while data:
                # Bounded, whatever it expands to.
                piece = unpacker.decompress(data, CHUNK)
                data = unpacker.unconsumed_tail
                if piece:
                    yield piece
    if rest := unpacker.flush():
        yield rest
