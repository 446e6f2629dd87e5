"""What is verified, and the ways to it: given by whoever runs the checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hardway.machines.transport import Transport
from hardway.resources.base import Ref, Resource
from hardway.spec.model import Cluster


@dataclass(frozen=True)
class Subject:
    """A cluster under test."""

    cluster: Cluster
    wanted: tuple[Resource, ...]
    """All that the cluster wants: units and certificates are held against it."""
    connect: Callable[[str], Awaitable[Transport]]
    """The transport to a machine, by its name; whoever gives it closes it. Raises Unreachable."""
    kubeconfig: Path
    """The operator's."""
    kubectl: Path
    """The cluster's own kubectl on this computer."""
    value: Callable[[Ref], bytes]
    """Certificates of the vault. Raises KeyError."""
    now: datetime

    def resources(self, kind: type[Any], machine: str) -> tuple[Any, ...]:
        """The wanted resources of one class on a machine."""
        return tuple(one for one in self.wanted if isinstance(one, kind) and one.machine == machine)
