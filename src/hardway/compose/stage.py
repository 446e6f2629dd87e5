"""Where a project is looked at and run: its two handlers, one plan of both, the cluster's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardway import __version__
from hardway.compose.local_volumes import LocalVolume, LocalVolumes
from hardway.compose.resources import CLAIM, ownership
from hardway.engine.apply import Apply, ApplyFailed, Stopped, Watcher, handlers_by_kind
from hardway.engine.handler import Handler
from hardway.engine.journal import Journal
from hardway.kube.api import ApiUnavailable
from hardway.kube.handler import KubeHandler
from hardway.machines.transport import Transport
from hardway.operations.access import kubeconfig_path
from hardway.operations.look import Picture
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Resource, Seen
from hardway.resources.kubernetes import KubeObject, object_name


@dataclass(frozen=True)
class Stage:
    """One project on one cluster."""

    world: World
    project: str
    namespace: str
    kubeconfig: Path
    kube: KubeHandler
    volumes: LocalVolumes

    async def look(self, wanted: Sequence[Resource], *, keep: bool = True) -> Picture:
        """What is there, and the steps to what is wanted; `keep` leaves volumes, and the namespace while something is
        wanted or kept in it. Raises ApiUnavailable."""
        seen = await self._observe(wanted)
        owned = tuple(self._owned(one) for one in seen.values() if one.owned and one.exists)
        if keep:
            owned = _but_kept(owned, whole=not wanted)
        return Picture(tuple(wanted), seen, owned, frozenset(), make_plan(wanted, seen, lambda ref: None, owned))

    async def _observe(self, wanted: Sequence[Resource]) -> Mapping[str, Seen]:
        objects = [one for one in wanted if one.kind in self.kube.kinds]
        found, volumes = await asyncio.gather(self.kube.observe(objects), self.volumes.observe(wanted))
        if self.kube.silent:
            raise ApiUnavailable(self.kube.silent)
        return {**found, **volumes}

    def _owned(self, seen: Seen) -> Resource:
        return self._handlers[seen.id.partition(":")[0]].owned(seen)

    @property
    def _handlers(self) -> Mapping[str, Handler]:
        return handlers_by_kind([self.kube, self.volumes])

    async def run(self, operation: str, plan: Plan, watcher: Watcher, stop: asyncio.Event) -> int:
        """Apply one plan; answers how many steps were done. Raises ApplyFailed, Stopped."""
        journal = Journal(self.world.state.journal)
        try:
            run = journal.begin(f"compose {operation} {self.project}", __version__, plan)
            try:
                await Apply(plan, self._handlers, self.world.resolve, run, watcher, stop).run()
            except ApplyFailed:
                run.end("failed")
                raise
            except Stopped:
                run.end("stopped")
                raise
            run.end("done")
        finally:
            journal.close()
        return len(plan.steps)


def stage(world: World, project: str, namespace: str) -> Stage:
    """As the admin; a project needs no more. Raises Refused where there is no cluster yet."""
    path = kubeconfig_path(world)
    kube = KubeHandler(lambda: path, ownership=ownership(project, namespace))

    async def connect(machine: str) -> Transport | None:
        await world.provider.survey(world.cluster)  # a cloud's machines are found by looking
        return await world.machines.transport(machine)

    return Stage(world, project, namespace, path, kube, LocalVolumes(path, connect, project))


def _but_kept(owned: tuple[Resource, ...], *, whole: bool) -> tuple[Resource, ...]:
    keeps_volumes = any(is_object(one, CLAIM) for one in owned)
    kept = {CLAIM} | ({"Namespace"} if keeps_volumes or not whole else set())
    objects = (one for one in owned if not isinstance(one, LocalVolume))
    return tuple(one for one in objects if not any(is_object(one, kind) for kind in kept))


def is_object(resource: Resource, kind: str) -> bool:
    """Whether it is an API object of that kind."""
    return isinstance(resource, KubeObject) and object_name(resource.body).split("/")[-3] == kind
