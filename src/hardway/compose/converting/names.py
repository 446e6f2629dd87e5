"""Names that Kubernetes takes for those of a compose file: labels of RFC 1035, no two alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

LONGEST: Final = 52
"""Characters: what is put behind a name (a Job's pods, ReplicaSets) must fit into 63."""

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "hardway-compose"
"""Not the cluster's own label value: what a project makes is none of the cluster's objects, and the other way round."""
PROJECT: Final = "hardway.internal/project"
SERVICE: Final = "hardway.internal/service"


def label(name: str) -> str:
    """my_App.1 as my-app-1; what does not begin with a letter is given one."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not plain:
        return f"n-{_digest(name)}"
    lettered = plain if plain[0].isalpha() else f"n-{plain}"
    return lettered if len(lettered) <= LONGEST else f"{lettered[: LONGEST - 9].rstrip('-')}-{_digest(name)}"


def labels(names: Iterable[str]) -> Mapping[str, str]:
    """Each name's own: where two would be alike the later one is told apart by a digest."""
    found: dict[str, str] = {}
    for name in names:
        if name in found:
            continue
        wanted = label(name)
        found[name] = f"{wanted[: LONGEST - 9]}-{_digest(name)}" if wanted in found.values() else wanted
    return found


def project_labels(project: str) -> dict[str, str]:
    """On everything that a project makes."""
    return {MANAGED_BY: MANAGER, PROJECT: project}


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:8]
