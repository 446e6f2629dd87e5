"""The short forms of ports and volumes in their long forms. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.tree import Node, Path, Scalar, Table, table, text

MOST_PORTS: Final = 200
"""Of one range."""

_PORT: Final = re.compile(
    r"(?:(?P<ip>\[[0-9a-fA-F:]+\]|[0-9]+(?:\.[0-9]+){3}):)?(?:(?P<published>[0-9]*(?:-[0-9]+)?):)?(?P<target>[0-9]+(?:-[0-9]+)?)"
    r"(?:/(?P<protocol>[a-zA-Z]+))?"
)


def long_ports(node: Scalar, path: Path, faults: Collector) -> Iterator[Table]:
    """One of `ports` ("127.0.0.1:8000-8001:80-81/udp") as long forms, a range as several."""
    found = _PORT.fullmatch(node.text)
    if found is None:
        faults.add(
            node.place, path, f"{node.text!r} is no port", 'write "HOST:CONTAINER", such as "8080:80", in quotes'
        )
        return
    targets, published = _range(found["target"]), _range(found["published"] or "")
    if not _fits(targets, published):
        faults.add(node.place, path, f"{node.text!r}: its ranges do not fit each other", "give two of one length")
        return
    for number, target in enumerate(targets):
        yield table(
            node.place,
            {
                "target": target,
                "published": text(_published(published, targets, number), node.place) if published else None,
                "host_ip": text(found["ip"].strip("[]"), node.place) if found["ip"] else None,
                "protocol": text((found["protocol"] or "tcp").lower(), node.place),
                "mode": text("ingress", node.place),
            },
        )


def _published(published: list[int], targets: list[int], number: int) -> str:
    """One target with a range takes any port of it."""
    if len(targets) == 1 and len(published) > 1:
        return f"{published[0]}-{published[-1]}"
    return str(published[number])


def _fits(targets: list[int], published: list[int]) -> bool:
    every = (*targets, *published)
    if not targets or len(every) > 2 * MOST_PORTS or not all(0 < one < 65536 for one in every):
        return False
    return not published or len(targets) in (1, len(published))


def _range(written: str) -> list[int]:
    first, _, last = written.partition("-")
    if not first or len(first) > 5 or len(last) > 5:
        return []
    end = int(last or first)
    return list(range(int(first), end + 1)) if end - int(first) <= MOST_PORTS else []


def long_volume(node: Scalar, path: Path, faults: Collector) -> Table:
    """One of a service's `volumes` ("./conf:/etc/app:ro") as its long form."""
    parts = node.text.split(":")
    if _is_drive(parts):
        parts = [f"{parts[0]}:{parts[1]}", *parts[2:]]
    source, target, options = _three(parts)
    if not target.startswith("/") or len(parts) > 3:
        faults.add(
            node.place, path, f"{node.text!r} is no volume", "write SOURCE:/PATH/INSIDE or SOURCE:/PATH/INSIDE:ro"
        )
    is_bind = source[:1] in (".", "/", "~") or "\\" in source
    flags = [flag for flag in options.split(",") if flag]
    if "tmpfs" in flags:
        faults.add(node.place, path, "the option tmpfs is not known here", "write `tmpfs:` beside `volumes:`")
    bind = table(node.place, {"create_host_path": True}) if is_bind else None
    entries: dict[str, str | bool | Node | None] = {
        "type": "bind" if is_bind else "volume",
        "source": source or None,
        "target": str(PurePosixPath(target)) if target else "/",
        "read_only": True if "ro" in flags else None,
        "bind": bind,
        "volume": table(node.place, {"nocopy": True}) if "nocopy" in flags and not is_bind else None,
    }
    return table(node.place, entries)


def _is_drive(parts: list[str]) -> bool:
    r"""C:\data:/data, and C:/data:/data; but a:/data is a volume a."""
    if len(parts) < 2 or not re.fullmatch(r"[A-Za-z]", parts[0]):
        return False
    return parts[1].startswith("\\") or (len(parts) > 2 and parts[2].startswith("/"))


def _three(parts: list[str]) -> tuple[str, str, str]:
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""
