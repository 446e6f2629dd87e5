"""The lab through the engine: what is wanted is made, what is altered by hand is named and mended, all of it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hardway.engine.apply import Apply, ApplyFailed, handlers_by_kind
from hardway.engine.handler import StepFailed
from hardway.lab import operations
from hardway.lab.cgroups import keeper
from hardway.lab.forward import read_forward
from hardway.lab.layout import layout
from hardway.lab.network import BRIDGE, open_socket
from hardway.lab.places import LabPlace
from hardway.lab.provider import LabProvider
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Ref
from hardway.spec.model import Cluster, Lab
from tests.lab.conftest import RunningLab, small_cluster
from tests.lab.host_snapshot import take_snapshot

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]


class Unrecorded:
    """A journal and a view that keep nothing."""

    def started(self, what: object) -> None: ...
    def waiting(self, step_id: str, what: str) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, failure: object, what: str = "", output: str = "") -> None: ...


async def look(cluster: Cluster, *, nothing_wanted: bool = False) -> Plan:
    provider = LabProvider()
    wanted = provider.wanted(cluster)
    handlers = provider.handlers(cluster)
    seen = {one: found for handler in handlers for one, found in (await handler.observe(wanted)).items()}
    by_kind = handlers_by_kind(handlers)
    owned = [by_kind[one.split(":")[0]].owned(found) for one, found in seen.items() if found.owned]
    return make_plan([] if nothing_wanted else wanted, seen, provider.value, owned)


async def bring(cluster: Cluster, *, nothing_wanted: bool = False) -> tuple[str, ...]:
    """The ids of the steps that were needed; after them, nothing more is."""
    plan = await look(cluster, nothing_wanted=nothing_wanted)
    handlers = handlers_by_kind(LabProvider().handlers(cluster))
    await Apply(plan, handlers, _nothing, Unrecorded(), Unrecorded()).run()
    assert not await look(cluster, nothing_wanted=nothing_wanted)
    return tuple(sorted(plan.ids))


def _nothing(ref: Ref) -> bytes:
    raise KeyError(ref.resource)


async def test_a_lab_is_made_mended_and_taken_away_by_steps() -> None:
    cluster = small_cluster("steps", "m0", "m1")
    name, place = cluster.name, LabPlace(cluster.name)
    lab = RunningLab(cluster)
    before = take_snapshot(name)
    network, forward = f"lab-network:operator:{name}", f"forward:operator:{name}"
    try:
        made = await bring(cluster)
        assert {*made} >= {"machine:m0:m0", "machine:m1:m1", network, forward}
        assert await bring(cluster) == ()

        await operations.kill(cluster, "m1")
        assert await bring(cluster) == ("machine:m1:m1",)

        record = read_forward(place)
        await keeper().kill(place.forward)
        assert await bring(cluster) == (forward,)
        assert read_forward(place) == record

        await lab_ip(place, "link", "del", BRIDGE)
        assert await bring(cluster) == (network,)
        assert await lab.on("m1", "ping -c 1 -W 5 10.0.0.10 > /dev/null && echo answers") == "answers"

        place.machine("m0").record.unlink()
        assert await bring(cluster) == ("machine:m0:m0",)

        smaller = small_cluster("steps", "m0")
        assert await bring(smaller) == ("machine:m1:m1",)
        assert await bring(smaller, nothing_wanted=True) == tuple(sorted((forward, network, "machine:m0:m0")))
        assert before.difference(take_snapshot(name)) == ()
    finally:
        await operations.down(cluster)


async def lab_ip(place: LabPlace, *words: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", "-n", place.title, *words)
    assert await process.wait() == 0


async def test_labs_come_and_go_at_once() -> None:
    clusters = [small_cluster(f"crowd{number}", "m0") for number in range(3)]
    before = [take_snapshot(cluster.name) for cluster in clusters]
    try:
        async with asyncio.timeout(300):
            await asyncio.gather(*map(bring, clusters))
            await asyncio.gather(operations.down(clusters[0]), operations.up(clusters[1]), operations.down(clusters[2]))
            assert await RunningLab(clusters[1]).states() == {"m0": "running"}
    finally:
        await asyncio.gather(*map(operations.down, clusters))
    assert [take_snapshot(cluster.name) for cluster in clusters] == before


async def test_an_address_is_changed_with_the_disk_kept_and_a_suite_is_not() -> None:
    cluster = small_cluster("moves", "m0")
    lab = RunningLab(cluster)
    try:
        await bring(cluster)
        await lab.on("m0", "echo kept > /root/on-disk")
        master = cluster.machines.masters[0].model_copy(update={"address": cluster.api.address + 50})
        moved = cluster.model_copy(update={"machines": cluster.machines.model_copy(update={"masters": (master,)})})
        assert await bring(moved) == ("machine:m0:m0",)
        assert await lab.on("m0", "cat /root/on-disk; hostname -I") == "kept\n10.0.0.150"

        other = moved.model_copy(update={"lab": Lab(suite="bookworm")})
        steps = [step for step in (await look(other)).steps if step.id == "machine:m0:m0"]
        failures = await failing(other, steps)
        assert [(one.step_id, one.what) for one in failures] == [
            ("machine:m0:m0", "m0 was made of trixie and cannot become bookworm")
        ]
        assert await lab.on("m0", "cat /root/on-disk") == "kept"
    finally:
        await operations.down(cluster)


async def failing(cluster: Cluster, steps: Sequence[Step]) -> Sequence[StepFailed]:
    handlers = handlers_by_kind(LabProvider().handlers(cluster))
    alone = Plan(tuple(Step(s.resource, s.action, s.seen, s.differences, s.reason, ()) for s in steps))
    with pytest.raises(ApplyFailed) as raised:
        await Apply(alone, handlers, _nothing, Unrecorded(), Unrecorded()).run()
    return raised.value.failures


async def test_a_machine_that_dies_while_it_boots_is_named_with_its_last_words() -> None:
    cluster = small_cluster("dies", "m0")
    init = LabPlace(cluster.name).machine("m0").directory / "upper/usr/lib/systemd/systemd"
    try:
        await bring(cluster)
        await operations.kill(cluster, "m0")
        init.parent.mkdir(parents=True)
        init.write_text("#!/bin/sh\necho the disk is on fire\nexit 3\n")
        init.chmod(0o755)
        (failure,) = await failing(cluster, (await look(cluster)).steps)
        assert failure.what == "m0 died while it booted"
        assert "the disk is on fire" in failure.evidence
    finally:
        await operations.down(cluster)


async def test_the_forward_leads_to_whoever_holds_the_address_of_the_api() -> None:
    cluster = small_cluster("way-in", "m0", "m1")
    lab, wanted = RunningLab(cluster), layout(cluster)
    try:
        await bring(cluster)
        for machine in ("m0", "m1"):
            await lab.on(machine, "ip address add 10.0.0.100/24 dev eth0")
            await lab.on(machine, "systemd-run -q --unit=answer socat TCP-LISTEN:6443,fork,reuseaddr SYSTEM:hostname")
            await lab.until(machine, "ss -Hltn sport = :6443 | wc -l", "1")
            await lab_ip(wanted.place, "neigh", "flush", "all")
            assert await answer(cluster) == machine
            await operations.kill(cluster, machine)
    finally:
        await operations.down(cluster)


async def answer(cluster: Cluster) -> str:
    record = read_forward(LabPlace(cluster.name))
    assert record is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", record.port)
    text = await reader.read()
    writer.close()
    await writer.wait_closed()
    return text.decode().strip()


async def test_a_lab_has_no_way_out() -> None:
    cluster = small_cluster("closed", "m0")
    lab = RunningLab(cluster)
    try:
        await bring(cluster)
        told = await lab.on("m0", "ping -c 1 -W 5 192.0.2.1 2>&1; true")
        assert "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable" in told
        with open_socket(LabPlace(cluster.name).title) as made, pytest.raises(OSError, match=r"unreachable|No route"):
            made.setblocking(True)
            made.connect(("192.0.2.1", 80))
    finally:
        await operations.down(cluster)
