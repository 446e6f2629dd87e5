"""The model: from any world and any crash point, applying plans leads to an empty plan; removal included."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardway.engine.apply import Apply, handlers_by_kind
from hardway.machines.simulation import SimulatedMachine, Simulation
from hardway.operations.wanted import wanted as wanted_of
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Chapter, Content, Ref, Resource
from hardway.resources.host import Directory, File, Unit
from hardway.resources.operator import Secret
from hardway.spec.dump import dump
from hardway.spec.immutable import refused_changes
from hardway.spec.load import parse
from hardway.spec.model import (
    Api,
    Balancer,
    Certificates,
    Cluster,
    Encryption,
    Flags,
    KeyAlgorithm,
    Machine,
    Machines,
    PodNetwork,
    Proxy,
    Worker,
)
from tests.simulated_world import OF_NOBODY, Nobody, PowerCut, SimulatedHandler, World

SECRETS = [Secret(chapter=Chapter.ENCRYPTION, secret=f"s{n}", size=8) for n in range(2)]


@st.composite
def clusters(draw: st.DrawFn) -> list[Resource]:
    """Some machines with directories, files (some with secrets) and units that read some of them."""
    resources: list[Resource] = list(SECRETS)
    for machine in draw(st.sets(st.sampled_from(["a", "b", "c"]))):
        resources.append(SimulatedMachine(machine=machine))
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
    owned = [handler.owned(one) for one in seen.values() if one.owned]
    return make_plan(wanted, seen, world.value, owned)


async def run(world: World, wanted: list[Resource], batched: bool) -> None:
    handler = SimulatedHandler(world, wanted, batched)
    plan = await planned(world, wanted)
    await Apply(plan, handlers_by_kind([handler]), world.resolve, Nobody(), Nobody()).run()


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


MASTERS = tuple(Machine(name=f"m{n}", address=IPv4Address(f"10.0.0.1{n}")) for n in range(3))
WORKERS = tuple(Worker(name=f"w{n}", address=IPv4Address(f"10.0.0.2{n}")) for n in range(3))
BALANCERS = tuple(Machine(name=f"b{n}", address=IPv4Address(f"10.0.0.3{n}")) for n in range(2))


@st.composite
def changes(draw: st.DrawFn) -> tuple[Cluster, Cluster]:
    """Two specs, the first of which may become the second on a living cluster."""
    lasting = {
        "certificates": Certificates(algorithm=draw(st.sampled_from(KeyAlgorithm))),
        "encryption": Encryption(provider=draw(st.sampled_from(["secretbox", "aescbc", "aesgcm"]))),
    }
    masters = MASTERS[: draw(st.sampled_from([1, 3]))]
    return draw(_cluster(masters, lasting)), draw(_cluster(masters, lasting))


@st.composite
def _cluster(draw: st.DrawFn, masters: tuple[Machine, ...], lasting: Mapping[str, Any]) -> Cluster:
    balancers = draw(st.sampled_from([(), BALANCERS[:1], BALANCERS]))
    made = Cluster(
        name="model",
        machines=Machines(
            masters=masters,
            workers=tuple(worker for worker in WORKERS if draw(st.booleans())),
            balancers=balancers,
        ),
        balancer=Balancer(kind="haproxy" if balancers else "external"),
        pod_network=PodNetwork(backend=draw(st.sampled_from(["vxlan", "host-gw"]))),
        proxy=Proxy(mode=draw(st.sampled_from(["iptables", "nftables"]))),
        api=Api(extra_names=draw(st.sampled_from([(), ("api.example.test",)]))),
        flags=Flags(etcd=draw(st.sampled_from([{}, {"snapshot-count": "20000"}]))),
        **lasting,
    )
    return parse(dump(made))  # a spec as a user may write it: parse would refuse another


def resources_of(cluster: Cluster) -> list[Resource]:
    return list(wanted_of(cluster, {}, Simulation()))


@settings(deadline=None, max_examples=20)
@given(specs=changes(), crash=st.integers(0, 1200), batched=st.booleans())
def test_a_cluster_becomes_another_from_any_crash_point(
    specs: tuple[Cluster, Cluster], crash: int, batched: bool
) -> None:
    assert refused_changes(*specs) == ()
    before, after = map(resources_of, specs)
    world = World()
    converge(world, before, batched)
    world.crash_after = crash
    with contextlib.suppress(PowerCut):
        asyncio.run(run(world, after, batched))
    world.crash_after = -1
    converge(world, after, batched)
    assert world.owned == {one.id for one in after if one.kind not in OF_NOBODY}


@settings(deadline=None, max_examples=10)
@given(specs=changes(), made=st.integers(0, 1200), crash=st.integers(0, 60))
def test_down_takes_a_whole_cluster_away_also_one_that_is_half_made(
    specs: tuple[Cluster, Cluster], made: int, crash: int
) -> None:
    world = World(crash_after=made)
    with contextlib.suppress(PowerCut):
        asyncio.run(run(world, resources_of(specs[0]), True))
    world.crash_after = crash
    with contextlib.suppress(PowerCut):
        asyncio.run(run(world, [], True))
    world.crash_after = -1
    converge(world, [], True)
    assert world.owned == set()
    assert world.vault == {}


@pytest.mark.parametrize("altered", ["sha256", "mode", "gone"])
def test_drift_is_mended(altered: str) -> None:
    wanted: list[Resource] = [
        SimulatedMachine(machine="a"),
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
