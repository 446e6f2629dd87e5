"""Contexts in the user's own kubeconfig: put there and taken away as `hardway kubeconfig --merge` does it.

Touches the kubeconfig, and what the cluster's state remembers of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from hardway.engine.handler import Context
from hardway.operations.access import Kubeconfig
from hardway.operations.merging import read_kubeconfig, withdraw_from
from hardway.operations.up import Refused
from hardway.plan.steps import Step
from hardway.resources.base import Chapter, Resource, digest
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.inventory import Inventory
from hardway.workstation.resources import KubeContext

PARTS = ("clusters", "users", "contexts")


class Merge(Protocol):
    """Merges a cluster, by its spec, into a kubeconfig."""

    async def __call__(self, spec: Path, kubeconfig: Path) -> str:
        """Answers the cluster's authority. Raises Refused."""
        ...


class ContextHandler(WorkstationHandler):
    """Merges clusters into a kubeconfig; which context is current stays the user's choice."""

    kinds: ClassVar[tuple[str, ...]] = (KubeContext.kind,)

    def __init__(self, inventory: Inventory, merge: Merge) -> None:
        super().__init__(inventory)
        self._merge = merge

    async def look(self, resource: Resource) -> Mapping[str, str]:
        assert isinstance(resource, KubeContext)
        entries = entries_of(read_kubeconfig(Path(resource.path)), resource.context)
        return {"entries": entries} if entries else {}

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        return KubeContext(chapter=Chapter.ACCESS, context=name, spec=thing["spec"], path=thing["path"], entries="")

    async def make(self, step: Step, context: Context) -> None:
        wanted = step.resource
        assert isinstance(wanted, KubeContext)
        path = Path(wanted.path)
        thing = {"path": wanted.path, "spec": wanted.spec}
        self.inventory.record(wanted.id, {**thing, **self.inventory.things.get(wanted.id, {})})
        self.inventory.keep(path)
        try:
            authority = await self._merge(Path(wanted.spec), path)
        except Refused as refusal:
            raise WorkstationFault(refusal.reasons[0], "\n".join(refusal.reasons[1:])) from refusal
        self.inventory.record(wanted.id, {**thing, "authority": authority})
        self.inventory.changed(path)

    async def remove(self, resource: Resource) -> None:
        thing = self.inventory.things[resource.id]
        path = Path(thing["path"])
        if self.take_back(path, resource.id):
            return
        if "authority" in thing:
            self.inventory.keep(path)
            withdraw_from(path, thing["authority"], resource.name)
            self.inventory.changed(path)
        self.let_go(path, resource.id)


def entries_of(config: Kubeconfig, name: str) -> str:
    """A digest over the entries of that name; empty where one of the three is missing."""
    entries = {part: [one for one in config.get(part) or [] if one["name"] == name] for part in PARTS}
    if not all(entries.values()):
        return ""
    return digest(json.dumps(entries, sort_keys=True, default=str).encode())
