"""Where a project is looked at and run: its handler of API objects, a plan, the cluster's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hardway.compose.resources import CLAIM, ownership
from hardway.engine.apply import Watcher, handlers_by_kind
from hardway.engine.journal import Journal
from hardway.engine.recorded import apply_recorded
from hardway.kube.api import ApiUnavailable
from hardway.kube.handler import KubeHandler
from hardway.operations.access import kubeconfig_path
from hardway.operations.look import Picture
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Resource
from hardway.resources.kubernetes import KubeObject, object_name


@dataclass(frozen=True)
class Stage:
    """One project on one cluster."""

    world: World
    project: str
    namespace: str
    kubeconfig: Path
    kube: KubeHandler

    async def look(self, wanted: Sequence[Resource], *, keep: bool = True) -> Picture:
        """What is there, and the steps to what is wanted; `keep` leaves volumes, and the namespace while something is
        wanted or kept in it. Raises ApiUnavailable."""
        seen = await self.kube.observe(wanted)
        if self.kube.silent:
            raise ApiUnavailable(self.kube.silent)
        owned = tuple(self.kube.owned(one) for one in seen.values() if one.owned and one.exists)
        if keep:
            owned = _but_kept(owned, whole=not wanted)
        return Picture(tuple(wanted), seen, owned, frozenset(), make_plan(wanted, seen, lambda ref: None, owned))

    async def run(self, operation: str, plan: Plan, watcher: Watcher, stop: asyncio.Event) -> int:
        """Apply one plan; answers how many steps were done. Raises ApplyFailed, Stopped."""
        named, handlers = f"compose {operation} {self.project}", handlers_by_kind([self.kube])
        with closing(Journal(self.world.state.journal)) as journal:
            return await apply_recorded(journal, named, plan, handlers, self.world.resolve, watcher, stop)


def stage(world: World, project: str, namespace: str) -> Stage:
    """As the admin; a project needs no more. Raises Refused where there is no cluster yet."""
    path = kubeconfig_path(world)
    return Stage(world, project, namespace, path, KubeHandler(lambda: path, ownership=ownership(project, namespace)))


def _but_kept(owned: tuple[Resource, ...], *, whole: bool) -> tuple[Resource, ...]:
    keeps_volumes = any(is_object(one, CLAIM) for one in owned)
    kept = {CLAIM} | ({"Namespace"} if keeps_volumes or not whole else set())
    return tuple(one for one in owned if not any(is_object(one, kind) for kind in kept))


def is_object(resource: Resource, kind: str) -> bool:
    """Whether it is an API object of that kind."""
    return isinstance(resource, KubeObject) and object_name(resource.body).split("/")[-3] == kind
