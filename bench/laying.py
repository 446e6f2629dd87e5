"""Lays things on machines with hardway's own engine, outside of any run of it; and compares what lies there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from bench.report import BenchFailed
from bench.spot import transport
from hardway.engine.apply import Apply, ApplyFailed
from hardway.engine.handler import StepFailed
from hardway.machines.answers import parse_hashes
from hardway.machines.questions import hash_script
from hardway.operations.wanted import wanted
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.steps import Step
from hardway.resources.base import Ref, Resource
from hardway.resources.host import File, Program, Unit
from hardway.resources.operator import StateFile

Value = Callable[[Ref], bytes | None]


class _Quiet:
    """Neither a journal nor a screen."""

    def started(self, step: object) -> None: ...
    def finished(self, step: Step) -> None: ...
    def waiting(self, step_id: str, what: str) -> None: ...


class _Record(_Quiet):
    def failed(self, step_id: str, what: str, output: str) -> None: ...


class _Watcher(_Quiet):
    def failed(self, failure: StepFailed) -> None: ...


async def all_wanted(world: World) -> tuple[Resource, ...]:
    """Everything of the cluster, with its machines' real facts."""
    await world.machines.observe([])
    return wanted(world.cluster, world.machines.facts, world.provider)


async def lay(world: World, resources: Sequence[Resource], more: Mapping[Ref, bytes] | None = None) -> None:
    """Bring these resources about: those on machines, and files of the state directory.

    `more` are values of references that neither the vault nor the cache knows. Raises BenchFailed.
    """
    kinds = {*world.machines.kinds, StateFile.kind}
    chosen = [one for one in resources if one.kind in kinds]

    def value(ref: Ref) -> bytes | None:
        return (more or {}).get(ref) or world.value(ref)

    def resolve(ref: Ref) -> bytes:
        found = value(ref)
        if found is None:
            raise KeyError(f"{ref.resource} has no {ref.attribute}")
        return found

    on_machines = [one for one in chosen if one.kind != StateFile.kind]
    files = [one for one in chosen if one.kind == StateFile.kind]
    seen = await asyncio.gather(world.machines.observe(on_machines), world.vault.observe(files))
    plan = make_plan(chosen, {**seen[0], **seen[1]}, value)
    try:
        await Apply(plan, world.handlers, resolve, _Record(), _Watcher()).run()
    except ApplyFailed as fault:
        raise BenchFailed(
            "laying failed", "\n".join(f"{one.what}\n{one.evidence}" for one in fault.failures)
        ) from fault


async def hashes(world: World, resources: Iterable[Resource]) -> Mapping[str, str]:
    """What really lies at the paths of these files and programs: SHA-256 by resource id, read on the machines now."""
    files = [one for one in resources if isinstance(one, File | Program)]
    machines = sorted({one.machine for one in files})
    parts = await asyncio.gather(
        *(_hashes(world, name, [f.path for f in files if f.machine == name]) for name in machines)
    )
    by_machine = dict(zip(machines, parts, strict=True))
    return {one.id: by_machine[one.machine].get(one.path, "") for one in files}


async def _hashes(world: World, machine: str, paths: Sequence[str]) -> Mapping[str, str]:
    result = await (await transport(world, machine)).run(hash_script(paths))
    return parse_hashes(result.stdout)


def units(resources: Iterable[Resource], machine: str) -> tuple[str, ...]:
    """The names of the units that are wanted on a machine."""
    return tuple(one.unit for one in resources if isinstance(one, Unit) and one.machine == machine)
