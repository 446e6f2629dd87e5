"""A service's ports, published and exposed, as typed values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hardway.compose.loading.view import View
from hardway.compose.model import Port


def ports(view: View) -> Iterator[Port]:
    """The published ports of a service."""
    for port, node in view.items("ports"):
        target = port.whole("target", least=1, most=65535)
        if target is None:
            if not port.has("target"):
                view.faults.add(node.place, port.path, "a port without `target`", "say the container's port")
            continue
        protocol = port.text("protocol", "tcp").lower()
        if protocol not in ("tcp", "udp", "sctp"):
            view.faults.add(port.place("protocol"), port.path, f"{protocol!r} is no protocol", "tcp, udp or sctp")
            continue
        published = _published(port)
        host_ip, named, app = port.text("host_ip"), port.text("name"), port.text("app_protocol")
        yield Port(target, published, protocol, host_ip, node.place, named, app)


def _published(port: View) -> int | None:
    """Of a range the first: the cluster has its own way to choose."""
    first = port.text("published").partition("-")[0]
    if not first:
        return None
    if first.isascii() and first.isdigit() and len(first) < 6 and int(first) < 65536:
        return int(first) or None
    port.faults.add(port.place("published"), (*port.path, "published"), f"{first!r} is no port", "1 to 65535")
    return None


def exposed(view: View) -> Iterator[tuple[int, str]]:
    """Ports and protocols of `expose`."""
    for written in view.texts("expose"):
        found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", written)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if found is None or not 0 < first <= last < 65536 or last - first > 200:
            view.faults.add(view.place("expose"), (*view.path, "expose"), f"{written!r} is no port", 'such as "8000"')
            continue
        yield from ((port, found[3] or "tcp") for port in range(first, last + 1))
