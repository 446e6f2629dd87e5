"""Checksums: reading upstream's files of them, and holding upstream to what was seen first (checksums.lock)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hardway.sources.cache import locked, replace_text
from hardway.sources.faults import ChecksumChanged, NotAnswering, SourceFault

_LINE = re.compile(r"^([0-9a-fA-F]{64})(?:[ \t]+\*?(\S+))?[ \t]*$", re.MULTILINE)


def published(text: str, url: str) -> str:
    """The SHA-256 of the file at `url` in a checksum file: one bare digest, or lines of sha256sum(1).

    Signed text (PGP armour) around the lines is passed over. Raises NotAnswering where the file is not in it.
    """
    wanted = urlsplit(url).path.rsplit("/", 1)[1]
    found: list[tuple[str, str]] = [(digest.lower(), name) for digest, name in _LINE.findall(text)]
    named = [digest for digest, name in found if name.rsplit("/", 1)[-1] == wanted]
    if named:
        return named[0]
    if len(found) == 1 and not found[0][1]:
        return found[0][0]
    raise NotAnswering(f"no checksum of {wanted} is published", text[:200])


@dataclass(frozen=True, slots=True)
class ChecksumLock:
    """What each URL (or image tag) was when it was first seen: a JSON file of name -> digest."""

    path: Path

    def known(self, name: str) -> str | None:
        return self._read().get(name)

    def hold(self, name: str, digest: str) -> None:
        """Keep the digest, or raise ChecksumChanged where another one was kept before."""
        with locked(self.path.with_name(f"{self.path.name}.flock")):
            known = self._read()
            if known.setdefault(name, digest) != digest:
                raise ChecksumChanged(
                    f"{name} is not what it was when it was first seen",
                    f"first {known[name]}\nnow   {digest}",
                    "A release that changes is a mistake or an attack. If you know why it changed, remove its line "
                    f"from {self.path}.",
                )
            replace_text(self.path, json.dumps(known, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            known = None
        if not isinstance(known, dict):
            # Never taken for empty: that would make anything a first sight.
            raise SourceFault(f"{self.path} cannot be read as JSON", advice="Restore it, or remove it to start anew.")
        return known
