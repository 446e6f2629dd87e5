"""Keys that share something with the host or with another container: which of their values a cluster has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hardway.compose.converting.parts import Around
from hardway.compose.model import Service
from hardway.compose.tree import Scalar

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "network_mode": frozenset({"bridge", "default", ""}),
    "ipc": frozenset({"shareable", "private", "none", ""}),
    "cgroup": frozenset({"private", ""}),
}
_WHY: Final[Mapping[str, tuple[str, str]]] = {
    "network_mode": ("a pod has an address of its own", "publish its ports, and name other services by their names"),
    "ipc": ("a pod shares its memory with nobody", "take it out"),
    "cgroup": ("a pod is in a control group of its own", "take it out"),
}


def tell_modes(service: Service, around: Around) -> None:
    """Refuse the values that have no counterpart."""
    for key, allowed in ALLOWED.items():
        node = service.tree.get(key)
        if isinstance(node, Scalar) and node.text not in allowed:
            why, way_out = _WHY[key]
            around.telling.cannot(node.place, ("services", service.name, key), f"{node.text!r}: {why}", way_out)
