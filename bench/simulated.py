"""A world of simulated machines on which everything is in place: made once, then looked at and planned over."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.pki import context, planned
from hardway.engine.handler import Context
from hardway.kube.handler import KubeHandler
from hardway.machines.handler import MachineHandler
from hardway.machines.simulated import SimulatedTransport, settled
from hardway.machines.simulation import SimulatedMachine, Simulation
from hardway.machines.transport import Result, Transport
from hardway.operations.look import look
from hardway.operations.wanted import wanted
from hardway.operations.world import World
from hardway.pki.wanted import wanted_pki
from hardway.plan.steps import Step
from hardway.resources.base import (
    UNKNOWN,
    Known,
    Ref,
    Resource,
    Seen,
    Unknown,
    Value,
    digest,
)
from hardway.resources.host import File, Program
from hardway.resources.kubernetes import Condition, KubeObject
from hardway.resources.operator import Blob, StateFile
from hardway.sources.store import Store
from hardway.spec.model import Cluster, Machine, Machines, Networks, Worker
from hardway.state.directory import open_state
from hardway.state.vault import Vault

LATENCY: Final = 0.020
"""Seconds of a round trip."""

CONNECTING: Final = 6
"""Round trips until a session is there: TCP, versions, key exchange (2), authentication, channel (RFC 4253, 4252)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What looking and planning took."""

    seconds: float
    processor: float
    memory: float
    """MiB, the most that was resident in its process."""
    bound: float
    answered: int
    """Bytes that the machines answered in all."""
    resources: int
    steps: int
    parts: tuple[tuple[str, float], ...]


def cluster(machines: int) -> Cluster:
    """Three masters, two balancers, the rest workers, in ranges large enough for them."""
    first = IPv4Address("10.0.0.10")
    named = [(f"machine-{number}", first + number) for number in range(machines)]
    return Cluster(
        name="bench",
        networks=Networks(machines=IPv4Network("10.0.0.0/16"), pods=IPv4Network("10.128.0.0/9")),
        machines=Machines(
            masters=tuple(Machine(name=name, address=address) for name, address in named[:3]),
            balancers=tuple(Machine(name=name, address=address) for name, address in named[3:5]),
            workers=tuple(Worker(name=name, address=address) for name, address in named[5:]),
        ),
    )


class _Machines:
    """The handler of machines: all of them are there."""

    kinds = (SimulatedMachine.kind,)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {one.id: Seen(one.id, {"running": "yes"}, owned=True) for one in resources}

    def owned(self, seen: Seen) -> Resource:
        return SimulatedMachine(machine=seen.id.split(":")[1])

    def batch(self, step: Step) -> str | None:
        return None

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        raise AssertionError("nothing is to do")


class _Cache(Store):
    """A cache that has every blob."""

    def value(self, ref: Ref) -> bytes | None:
        if not ref.resource.startswith(f"{Blob.kind}:"):
            return None
        sha256 = digest(ref.resource.encode())
        return {"sha256": sha256, "digest": f"sha256:{sha256}"}.get(ref.attribute, "/nowhere").encode()

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {one.id: Seen(one.id, {"cached": "yes"}) for one in resources}


class _Api(KubeHandler):
    """An API that holds all objects, after one round trip."""

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        await asyncio.sleep(LATENCY)
        objects = {
            one.id: Seen(one.id, {"drift": "none"}, owned=True) for one in resources if isinstance(one, KubeObject)
        }
        return objects | {one.id: Seen(one.id, {"holds": "yes"}) for one in resources if isinstance(one, Condition)}


def world(folder: Path, machines: int) -> World:
    """The world, with what `prepare` wrote as the machines' answers."""
    made, spec = cluster(machines), folder / "cluster.yaml"
    state, provider = open_state(spec, made.name), Simulation((_Machines(),))

    async def reach(machine: str) -> Transport | None:
        await asyncio.sleep(CONNECTING * LATENCY)
        answer = folder / machine
        return SimulatedTransport(machine, lambda script, stdin: Result(0, answer.read_bytes(), b""), LATENCY)

    return World(
        cluster=made,
        spec=spec,
        state=state,
        vault=Vault(state),
        store=_Cache(),
        provider=provider,
        provider_handlers=provider.handlers(made),
        machines=MachineHandler(reach, state.cluster_id, [one.name for one in made.all_machines]),
        kube=_Api(lambda: None),
        now=datetime.now(UTC),
    )


def prepare(folder: Path, machines: int) -> None:
    """Makes the vault's keys and writes what each machine answers."""
    asyncio.run(_prepare(folder, machines))


async def _prepare(folder: Path, machines: int) -> None:
    here = world(folder, machines)
    pki = wanted_pki(here.cluster)
    await here.vault.apply((await planned(here.vault, pki)).steps, context(here.vault, []))
    resources = wanted(here.cluster, {}, here.provider)
    for file in (one for one in resources if isinstance(one, StateFile)):
        content = file.content.resolve(_known(here, {}))
        assert isinstance(content, bytes)
        here.state.write(file.path, content)
    by_machine: dict[str, list[Resource]] = {one.name: [] for one in here.cluster.all_machines}
    for one in resources:
        if one.machine in by_machine and one.kind in here.machines.kinds:
            by_machine[one.machine].append(one)
    for name, own in by_machine.items():
        known = _known(here, {one.id: one for one in own})
        (folder / name).write_bytes(settled(own, known, here.state.cluster_id, name))


def _known(here: World, own: Mapping[str, Resource]) -> Known:
    def known(ref: Ref) -> Value:
        one = own.get(ref.resource)
        if isinstance(one, File | Program):
            value = one.attributes(known)[ref.attribute]
            return value if isinstance(value, Unknown) else value.encode()
        found = here.value(ref)
        return UNKNOWN if found is None else found

    return known


def measure(folder: Path, machines: int) -> Look:
    """Looks and plans, in this process."""
    return asyncio.run(_measure(folder, machines))


async def _measure(folder: Path, machines: int) -> Look:
    here = world(folder, machines)
    began, used = perf_counter(), _processor()
    picture = await look(here)
    took = perf_counter() - began
    return Look(
        seconds=took,
        processor=_processor() - used,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        bound=(CONNECTING + 1) * LATENCY,
        answered=sum((folder / one.name).stat().st_size for one in here.cluster.all_machines),
        resources=len(picture.wanted),
        steps=len(picture.plan.steps),
        parts=(),
    )


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
