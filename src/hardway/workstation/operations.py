"""plan, apply, undo and show: the same loop as for a cluster, over what a user's own computer holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from hardway.engine.apply import Watcher, handlers_by_kind
from hardway.engine.handler import Handler
from hardway.engine.journal import Journal
from hardway.engine.recorded import apply_recorded
from hardway.operations.look import Picture
from hardway.operations.up import Confirm, Declined, Done, Refused
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Ref, Resource, Seen
from hardway.sources.store import Store
from hardway.state.directory import StateDirectory
from hardway.workstation.clusters import Clusters
from hardway.workstation.handlers.associations import AssociationHandler
from hardway.workstation.handlers.blocks import BlockHandler
from hardway.workstation.handlers.contexts import ContextHandler
from hardway.workstation.handlers.environment import EnvironmentHandler, lock_digest
from hardway.workstation.handlers.files import FileHandler
from hardway.workstation.handlers.windows import WindowsHandler
from hardway.workstation.inventory import Inventory
from hardway.workstation.load import load
from hardway.workstation.model import Workstation
from hardway.workstation.obstacles import obstacles, off_path, tools_missing
from hardway.workstation.places import Places
from hardway.workstation.wanted import ClusterFacts, wanted


@dataclass(frozen=True)
class Bench:
    """A workstation as this process sees it."""

    places: Places
    state: StateDirectory
    inventory: Inventory
    store: Store
    clusters: Clusters

    def handlers(self, cmd: Sequence[str] = ()) -> Mapping[str, Handler]:
        """Who carries out what; `cmd` is how cmd.exe is run, where the spec says so."""
        return handlers_by_kind(
            [
                self.store,
                FileHandler(self.inventory, self.places.hardway),
                BlockHandler(self.inventory),
                ContextHandler(self.inventory, self.clusters.merge),
                AssociationHandler(self.inventory, self.places.mimeapps),
                WindowsHandler(self.inventory, cmd),
                EnvironmentHandler(self.inventory),
            ]
        )

    def resolve(self, ref: Ref) -> bytes:
        """A reference at the time that a step runs. Raises KeyError for what was never made."""
        value = self.store.value(ref)
        if value is None:
            raise KeyError(f"{ref.resource} has no {ref.attribute}")
        return value


@dataclass(frozen=True)
class Proposal:
    """What `apply` would do, and what to know about it."""

    workstation: Workstation
    picture: Picture
    cautions: tuple[str, ...]
    obstacles: tuple[str, ...]


async def proposal(bench: Bench, spec: Path) -> Proposal:
    """Changes nothing. Raises SpecFaults, Refused, WorkstationFault, StateFault."""
    workstation = load(spec)
    missing = tools_missing(workstation)
    if missing:
        raise Refused((*missing,))
    facts = await bench.clusters.facts(workstation, spec.absolute().parent)
    resources = wanted(workstation, bench.places, facts, lock_digest())
    picture = await look(bench, resources, workstation.windows.cmd)
    cautions = (*off_path(workstation, bench.places), *_not_there(facts))
    return Proposal(workstation, picture, cautions, obstacles(picture.plan, bench.places))


def _not_there(facts: Sequence[ClusterFacts]) -> tuple[str, ...]:
    return tuple(
        f"{one.spec}: there is no such cluster yet; `hardway up` makes it, then apply this again"
        for one in facts
        if not one.entries
    )


async def look(bench: Bench, resources: Sequence[Resource], cmd: Sequence[str] = ()) -> Picture:
    """What is there of these, and of what is ours, and the steps between."""
    handlers = bench.handlers(cmd)
    seen: dict[str, Seen] = {}
    for handler in dict.fromkeys(handlers.values()):
        seen.update(await handler.observe([one for one in resources if one.kind in handler.kinds]))
    ours = [one for one in seen.values() if one.owned and one.exists]
    owned = tuple(handlers[one.id.split(":", 1)[0]].owned(one) for one in ours)
    plan = make_plan(resources, seen, bench.store.value, owned)
    return Picture(tuple(resources), seen, owned, frozenset(), plan)


async def apply(
    bench: Bench,
    spec: Path,
    watcher: Watcher,
    confirm: Confirm,
    stop: asyncio.Event,
    caution: Callable[[Sequence[str]], None] = lambda cautions: None,
) -> Done:
    """Make the computer what the spec says. Raises Declined, ApplyFailed, Stopped, beside what `proposal` does."""
    began = monotonic()
    proposed = await proposal(bench, spec)
    caution(proposed.cautions)
    if proposed.obstacles:
        raise Refused(("this cannot be done; nothing was touched:", *proposed.obstacles))
    if proposed.picture.plan and not confirm(proposed.picture):
        raise Declined
    handlers = bench.handlers(proposed.workstation.windows.cmd)
    done = await _run(bench, "workstation apply", proposed.picture.plan, handlers, watcher, stop)
    return Done(done, monotonic() - began, ())


async def undo(bench: Bench, watcher: Watcher, confirm: Confirm, stop: asyncio.Event) -> Done:
    """Take all away that `apply` made, and put back what was there before. Needs no spec. Raises as `apply` does."""
    began = monotonic()
    picture = await look(bench, ())
    found = obstacles(picture.plan, bench.places)
    if found:
        raise Refused(("this cannot be done; nothing was touched:", *found))
    if picture.plan and not confirm(picture):
        raise Declined
    done = await _run(bench, "workstation undo", picture.plan, bench.handlers(), watcher, stop)
    _remove_state(bench)
    return Done(done, monotonic() - began, ())


async def _run(
    bench: Bench,
    operation: str,
    plan: Plan,
    handlers: Mapping[str, Handler],
    watcher: Watcher,
    stop: asyncio.Event,
) -> int:
    if not plan:
        return 0
    with closing(Journal(bench.state.journal)) as journal:
        return await apply_recorded(journal, operation, plan, handlers, bench.resolve, watcher, stop)


def _remove_state(bench: Bench) -> None:
    """Things that had gone by themselves are forgotten with the rest; folders made for the state go with it."""
    if not bench.state.path.exists():
        return
    parents = bench.inventory.parents
    bench.state.remove()
    for parent in parents:
        with suppress(OSError):  # not empty
            parent.rmdir()
