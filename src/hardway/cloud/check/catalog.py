"""A cloud's catalog: which endpoints there are, by the official names of their services. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Canonical = Callable[[str], str | None]
"""The official type of a service by one that is in use, such as block-storage by volumev3; None where it has none."""


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """Where a service answers."""

    type: str
    """The official one; the catalog's own where there is none."""
    interface: str
    """public, internal or admin."""
    region: str
    url: str


def endpoints(catalog: Sequence[Mapping[str, Any]], region: str, canonical: Canonical) -> tuple[Endpoint, ...]:
    """Those of one region (all regions where it is empty), of a version 3 token's catalog."""
    found = {
        Endpoint(canonical(service["type"]) or service["type"], one["interface"], _region(one), one["url"])
        for service in catalog
        for one in service.get("endpoints", ())
    }
    return tuple(sorted(one for one in found if region in ("", one.region)))


def _region(endpoint: Mapping[str, Any]) -> str:
    return endpoint.get("region") or endpoint.get("region_id") or ""
