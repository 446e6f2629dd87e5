"""The model: from any world and any crash point, applying plans leads to an empty plan; removal included."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardway.engine.apply import Apply, handlers_by_kind
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Chapter, Content, Ref, Resource
from hardway.resources.host import Directory, File, Unit
from hardway.resources.operator import Secret
from tests.simulated_world import Machine, Nobody, PowerCut, SimulatedHandler, World

SECRETS = [Secret(chapter=Chapter.ENCRYPTION, secret=f"s{n}", size=8) for n in range(2)]


@st.composite
def clusters(draw: st.DrawFn) -> list[Resource]:
    """Some machines with directories, files (some with secrets) and units that read some of them."""
    resources: list[Resource] = list(SECRETS)
    for machine in draw(st.sets(st.sampled_from(["a", "b", "c"]))):
        resources.append(Machine(chapter=Chapter.MACHINES, machine=machine))
        resources.append(Directory(chapter=Chapter.OS, machine=machine, path="/d"))
        files = [draw(_file(machine, name)) for name in draw(st.sets(st.sampled_from("xyz")))]
        for unit in draw(st.sets(st.sampled_from(["u", "v"]))):
            reads = tuple(sorted(one.id for one in files if draw(st.booleans())))
            resources.append(Unit(chapter=Chapter.ETCD, machine=machine, unit=unit, restart_on=reads))
        resources.extend(files)
    return resources


@st.composite
def _file(draw: st.DrawFn, machine: str, name: str) -> File:
    text = draw(st.sampled_from(["one", "two"]))
    parts: list[str | Ref] = [text]
    if draw(st.booleans()):
        parts.append(Ref(draw(st.sampled_from(SECRETS)).id, "base64", secret=True))
    return File(chapter=Chapter.OS, machine=machine, path=f"/d/{name}", content=Content.of(*parts))


async def planned(world: World, wanted: list[Resource]) -> Plan:
    handler = SimulatedHandler(world, wanted)
    seen = await handler.observe(wanted)
    owned = [handler.owned(one) for one in seen.values()]
    return make_plan(wanted, seen, world.value, owned)


async def run(world: World, wanted: list[Resource], batched: bool) -> None:
    def resolve(ref: Ref) -> bytes:
        return world.vault[ref.resource]

    handler = SimulatedHandler(world, wanted, batched)
    plan = await planned(world, wanted)
    await Apply(plan, handlers_by_kind([handler]), resolve, Nobody(), Nobody()).run()


def converge(world: World, wanted: list[Resource], batched: bool) -> None:
    async def twice() -> Plan:
        await run(world, wanted, batched)
        return await planned(world, wanted)

    assert asyncio.run(twice()).steps == ()


@settings(deadline=None, max_examples=200)
@given(before=clusters(), after=clusters(), crash=st.integers(0, 60), batched=st.booleans())
def test_from_any_crash_point_the_next_run_converges(
    before: list[Resource], after: list[Resource], crash: int, batched: bool
) -> None:
    world = World()
    converge(world, before, batched)
    world.crash_after = crash
    with contextlib.suppress(PowerCut):
        asyncio.run(run(world, after, batched))
    world.crash_after = -1
    converge(world, after, batched)
    wanted = {resource.id for resource in after}
    assert set(world.things) == wanted


@settings(deadline=None, max_examples=50)
@given(before=clusters(), crash=st.integers(0, 30))
def test_down_leaves_nothing_also_when_it_is_cut_off(before: list[Resource], crash: int) -> None:
    world = World()
    converge(world, before, True)
    world.crash_after = crash
    with contextlib.suppress(PowerCut):
        asyncio.run(run(world, [], True))
    world.crash_after = -1
    converge(world, [], True)
    assert world.things == {}
    assert world.vault == {}


@pytest.mark.parametrize("altered", ["sha256", "mode", "gone"])
def test_drift_is_mended(altered: str) -> None:
    wanted: list[Resource] = [
        Machine(chapter=Chapter.MACHINES, machine="a"),
        one := File(chapter=Chapter.OS, machine="a", path="/d/x", content=Content.of("one")),
    ]
    world = World()
    converge(world, wanted, True)
    if altered == "gone":
        del world.things[one.id]
    else:
        world.things[one.id][altered] = "altered"
    converge(world, wanted, True)
    assert world.things[one.id]["mode"] == "0644"
