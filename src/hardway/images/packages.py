"""What dpkg says of a tree: which packages of which versions it is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def installed(status: str) -> Mapping[str, str]:
    """Versions by package, sorted, from the text of dpkg's status file (dpkg(1); deb822(5) without folded fields)."""
    return dict(sorted(_packages(status)))


def _packages(status: str) -> Iterator[tuple[str, str]]:
    for paragraph in status.split("\n\n"):
        lines = (line.split(": ", 1) for line in paragraph.splitlines() if not line.startswith((" ", "\t")))
        fields = {line[0]: line[1] for line in lines if len(line) == 2}
        if "Package" in fields and "Version" in fields:
            yield fields["Package"], fields["Version"]
