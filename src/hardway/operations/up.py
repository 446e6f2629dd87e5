"""up: look, plan, ask, apply. Everything that makes a cluster, and everything that mends one, is this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from hardway.engine.apply import Watcher
from hardway.engine.journal import Journal, StepRecord
from hardway.engine.recorded import apply_recorded
from hardway.operations.look import Picture, look, machines_first, not_on_machines
from hardway.operations.wanted import is_machine
from hardway.operations.world import World
from hardway.pki.names import ENCRYPTION_KEY, ETCD_CA, FRONT_PROXY_CA, KUBELET_CA, KUBERNETES_CA, SERVICE_ACCOUNT
from hardway.plan.saved import SavedPlan, beyond, moved
from hardway.plan.steps import Action, Plan
from hardway.resources.base import OPERATOR, digest
from hardway.resources.host import Unit
from hardway.resources.operator import Key, Secret
from hardway.spec.dump import dump, from_json
from hardway.spec.immutable import refused_changes
from hardway.state.directory import APPLIED
from hardway.state.lock import myself

LASTING_KEYS = (KUBERNETES_CA, ETCD_CA, FRONT_PROXY_CA, KUBELET_CA, SERVICE_ACCOUNT)
"""Keys that everything on the machines was made with."""

Confirm = Callable[[Picture], bool]
"""Asked before anything is changed."""


class Refused(Exception):
    """Something that must not be done, and was not; says why, one line a reason."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class NotGone(Exception):
    """Something is left after it was taken down."""


class Declined(Exception):
    """The user said no; says what was done all the same."""

    def __init__(self, done: str = "nothing was changed") -> None:
        super().__init__(done)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did."""

    steps: int
    seconds: float
    cut_off: tuple[StepRecord, ...]
    """Steps that an earlier run had begun and not ended."""


async def up(
    world: World,
    watcher: Watcher,
    confirm: Confirm,
    saved: SavedPlan | None = None,
    stop: asyncio.Event | None = None,
) -> Done:
    """Make the cluster what its spec says. Raises Refused, Declined, ApplyFailed, Stopped, Unreachable, Leased."""
    began = monotonic()
    picture = await proposal(world)
    if saved is not None:
        _refuse_moved(saved, picture.plan, world)
    await refuse_obstacles(world, picture.plan)
    if picture.plan and saved is None and not confirm(picture):
        raise Declined
    with_journal = Journal(world.state.journal)
    try:
        cut_off = with_journal.cut_off()
        world.state.remember(dump(world.cluster))
        agree = confirm if saved is None else _refuse_more
        done = await _apply_all(world, picture, watcher, with_journal, agree, stop or asyncio.Event())
    finally:
        with_journal.close()
    return Done(done, monotonic() - began, cut_off)


async def proposal(world: World) -> Picture:
    """What `up` would do now. Raises Refused for what it would not."""
    picture = await look(world)
    refuse_changes(world, picture)
    refuse_lost_keys(picture)
    return picture


async def _apply_all(
    world: World, picture: Picture, watcher: Watcher, journal: Journal, agree: Confirm, stop: asyncio.Event
) -> int:
    """Machines first that are off, or that only a look tells about. What only then comes to light is new to the user,
    and done when they agree."""
    starts = _to_begin_with(world, picture)
    if not starts:
        return await run_plan(world, "up", picture.plan, watcher, journal, stop)
    done = await run_plan(world, "up: machines", starts, watcher, journal, stop)
    again = await proposal(world)
    if beyond(picture.plan, again.plan) and not agree(again):
        raise Declined("the machines that were off were started, and nothing else was changed")
    return done + await run_plan(world, "up", again.plan, watcher, journal, stop)


def _to_begin_with(world: World, picture: Picture) -> Plan:
    """What must be done before the rest can be planned: machines that are off, and such as only a look tells about."""
    makes_machines = any(is_machine(step.resource) and step.action is Action.CREATE for step in picture.plan.steps)
    if makes_machines and world.provider.expected_facts(world.cluster) is None:
        return not_on_machines(picture.plan)
    return machines_first(picture)


def _refuse_more(again: Picture) -> bool:
    """A saved plan is applied exactly: no more than what it says."""
    way_out = "they were started and nothing else was done; make the plan again with `hardway plan --out`"
    raise Refused((f"what is on machines that were off needs more than the plan says: {way_out}", *_told(again.plan)))


def _told(plan: Plan) -> Sequence[str]:
    return [f"{step.id}: to {step.action.value} ({step.reason})" for step in plan.steps]


async def run_plan(
    world: World, operation: str, plan: Plan, watcher: Watcher, journal: Journal, stop: asyncio.Event
) -> int:
    """Apply one plan with the journal; answers how many steps were done. Raises Leased, ApplyFailed, Stopped."""
    masters = [machine.name for machine in world.cluster.masters]
    async with world.machines.leased(masters, str(myself(operation, world.now))):
        return await apply_recorded(journal, operation, plan, world.handlers, world.resolve, watcher, stop)


def refuse_changes(world: World, picture: Picture) -> None:
    """Refuse what cannot be changed on a cluster that exists. Raises Refused.

    Before the first unit is on a machine nothing hangs on the spec yet, and a first `up` that failed may be put right.
    On machines that are off there may be units.
    """
    applied = world.state.applied()
    if applied is None or not (picture.off or _lives(picture)):
        return
    try:
        before = from_json(applied)
    except ValueError as fault:
        what = f"{world.state.path / APPLIED} is no spec of this version of hardway: put it right or move it away"
        raise Refused((what, *str(fault).splitlines())) from fault
    refusals = refused_changes(before, world.cluster)
    if refusals:
        raise Refused(tuple(str(refusal) for refusal in refusals))


def refuse_lost_keys(picture: Picture) -> None:
    """Refuse to make keys anew that a living cluster hangs on: with others, its secrets and tokens are lost. Pure.

    A unit of ours is on a machine only after every key was made: a key that is then missing was lost.
    """
    kept = {f"{Secret.kind}:{OPERATOR}:{ENCRYPTION_KEY}", *(f"{Key.kind}:{OPERATOR}:{name}" for name in LASTING_KEYS)}
    lost = [step.id for step in picture.plan.steps if step.id in kept and step.action is Action.CREATE]
    if lost and _lives(picture):
        way_out = "put the state directory back from a copy, or take the cluster down"
        raise Refused((f"keys of a living cluster are missing in the vault; {way_out}:", *lost))


async def refuse_obstacles(world: World, plan: Plan) -> None:
    """Refuse what the provider knows cannot be done, all of it at once. Raises Refused."""
    obstacles = tuple(await world.provider.obstacles(world.cluster, plan))
    if obstacles:
        raise Refused(("the cloud cannot take this plan; nothing was touched:", *obstacles))


def _lives(picture: Picture) -> bool:
    return any(one.kind == Unit.kind for one in picture.owned)


def spec_digest(world: World) -> str:
    """Stands for the spec with all its defaults."""
    return digest(dump(world.cluster).encode())


def _refuse_moved(saved: SavedPlan, plan: Plan, world: World) -> None:
    if saved.cluster != world.cluster.name:
        raise Refused((f"the plan is for cluster {saved.cluster}, the spec for {world.cluster.name}",))
    if saved.spec != spec_digest(world):
        raise Refused((f"{world.spec} is not what the plan was made of; make it again with `hardway plan --out`",))
    reasons = moved(saved, plan)
    if reasons:
        raise Refused(("the world has moved since the plan was saved:", *reasons))
