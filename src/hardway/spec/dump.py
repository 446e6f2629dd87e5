"""A cluster as canonical JSON and back, to remember what was last applied. Pure."""

from __future__ import annotations

import json
from typing import Any

from hardway.spec.model import Cluster


def plain(cluster: Cluster) -> dict[str, Any]:
    """The spec as plain values with the keys of cluster.yaml, every default written out."""
    values: dict[str, Any] = cluster.model_dump(mode="json", by_alias=True)
    values["machines"]["balancers"] = [
        machine.model_dump(mode="json", by_alias=True) for machine in cluster.balancers
    ]  # resolved, so that what is remembered does not hang on the defaults of a later hardway
    return values


def dump(cluster: Cluster) -> str:
    """Canonical JSON: every default written out, keys sorted, one line at the end."""
    return json.dumps(plain(cluster), indent=2, sort_keys=True) + "\n"


def from_json(text: str) -> Cluster:
    """The cluster of a `dump`. Raises ValueError (pydantic's ValidationError is one) where it is none."""
    return Cluster.model_validate_json(text, strict=True, by_alias=True, by_name=False)
