"""Restarts within a budget: real HTTP probes over unix sockets, and machines whose systemd is a function."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardway.engine.apply import ApplyFailed
from hardway.machines.handler import MachineHandler
from hardway.machines.simulated import settled
from hardway.machines.transport import Result
from hardway.plan.steps import Action, Difference, Plan, Step
from hardway.resources.base import Chapter, Seen
from hardway.resources.host import Budget, Probe, Unit
from tests.machines.bench import CLUSTER, Bench, said


@dataclass
class Member:
    """A machine with one unit, which is out of service for a while after each restart."""

    machine: str
    folder: Path
    log: list[str]
    healthy: bool = True
    recovers: bool = True
    recovers_in: float = 0.1
    upsets: Sequence[Member] = ()
    """Who becomes sick when this one restarts, and stays so for a while longer."""
    quorum: asyncio.Barrier | None = None
    """What it takes to be healthy after a restart: so many restarted members."""
    state: str = "active"
    blobs: str | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None) -> Result:
        if "say end" in script:
            return Result(0, settled([], lambda ref: b"", CLUSTER), b"")
        if "systemctl restart" in script:
            self.log.append(f"{self.machine} restarts")
            self.healthy = False
            if self.recovers:
                self.tasks.add(asyncio.ensure_future(self._recover(self.recovers_in)))
            for other in self.upsets:
                other.healthy = False
                self.tasks.add(asyncio.ensure_future(other._recover(self.recovers_in + 0.2)))
            return Result(0, b"hw 0 0\n", b"")
        if "ActiveState" in script:
            return Result(0, self.state.encode(), b"")
        if "journalctl" in script:
            return Result(0, b"etcd: panic: disk full\n", b"")
        assert "started/" in script
        self.log.append(f"{self.machine} is ready")
        return Result(0, b"", b"")

    async def _recover(self, after: float) -> None:
        await (self.quorum.wait() if self.quorum else asyncio.sleep(after))
        self.healthy = True

    @asynccontextmanager
    async def forward(self, host: str, port: int) -> AsyncIterator[Path]:
        path = self.folder / f"{self.machine}-{id(object())}"
        server = await asyncio.start_unix_server(self._serve, path)
        try:
            yield path
        finally:
            server.close()
            path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                status = b"200 OK" if self.healthy else b"503 Unavailable"
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 5\r\n\r\nsick\n")
        except asyncio.IncompleteReadError:
            writer.close()

    async def pipe(
        self, script: str, on_data: Callable[[bytes], None], stdin: AsyncIterator[bytes] | None = None
    ) -> Result:
        raise AssertionError

    def hold(self, script: str) -> AbstractAsyncContextManager[str]:
        raise AssertionError

    async def put(self, source: Path, sha256: str) -> str:
        raise AssertionError

    async def close(self) -> None:
        await asyncio.gather(*self.tasks)


class Group:
    """Three members of one budget, and the bench that restarts them."""

    def __init__(self, folder: Path) -> None:
        self.log: list[str] = []
        self.members = {name: Member(name, folder, self.log) for name in ("m0", "m1", "m2")}

        async def connect(machine: str) -> Member:
            return self.members[machine]

        self.bench = Bench(MachineHandler(connect, CLUSTER, self.members))

    def unit(self, machine: str, within: float = 5.0) -> Unit:
        return Unit(
            chapter=Chapter.ETCD,
            machine=machine,
            unit="etcd.service",
            ready=Probe(port=2381, path="/readyz"),
            ready_within=within,
            budget=Budget("etcd"),
        )

    async def restart(self, *machines: str, within: float = 5.0, active: str = "yes") -> None:
        units = [self.unit(name, within) for name in self.members]
        await self.bench.handler.observe(units)
        steps = tuple(self._step(unit, active) for unit in units if unit.machine in machines)
        try:
            self.waited = (await self.bench.apply(Plan(steps))).waited
        finally:
            await self.bench.handler.close()

    def _step(self, unit: Unit, active: str) -> Step:
        seen = Seen(unit.id, {"enabled": "yes", "active": active, "inputs": "old"}, owned=True)
        return Step(unit, Action.CHANGE, seen, (Difference("inputs", "old", "new"),), "it changed", ())


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path)


async def test_members_restart_one_after_another_each_once_the_last_is_ready(group: Group) -> None:
    await group.restart("m0", "m1", "m2")
    assert len(group.log) == 6
    for restarts, ready in zip(group.log[::2], group.log[1::2], strict=True):
        assert restarts.endswith("restarts")
        assert ready == restarts.replace("restarts", "is ready")


async def test_first_starts_take_no_budget(group: Group) -> None:
    await group.restart("m0", "m1", "m2", active="no")
    assert sorted(group.log[:3]) == ["m0 restarts", "m1 restarts", "m2 restarts"]


async def test_nobody_restarts_while_another_is_sick(group: Group) -> None:
    group.members["m2"].healthy = False
    with pytest.raises(ApplyFailed) as caught:
        await group.restart("m0", within=0.5)
    text = said(caught.value.failures)
    assert "etcd.service on m0 was not restarted: the others of its group are not healthy" in text
    assert "m2: http://127.0.0.1:2381/readyz answers 503: sick" in text
    assert group.log == []


async def test_a_sick_member_may_restart_and_the_others_follow(group: Group) -> None:
    group.members["m2"].healthy = False
    await group.restart("m0", "m1", "m2")
    assert group.log[:2] == ["m2 restarts", "m2 is ready"]
    assert len(group.log) == 6


async def test_where_all_are_sick_all_restart_together(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """As etcd whose certificates have all expired: none gets well before the others have restarted too."""
    monkeypatch.setattr("hardway.machines.units.SICK_FOR", 0.5)
    quorum = asyncio.Barrier(3)
    for member in group.members.values():
        member.healthy, member.quorum = False, quorum
    await group.restart("m0", "m1", "m2")
    assert sorted(group.log[:3]) == ["m0 restarts", "m1 restarts", "m2 restarts"]
    assert len(group.log) == 6


async def test_a_healthy_member_waits_for_sick_ones_that_restart(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.machines.units.SICK_FOR", 0.5)
    group.members["m0"].healthy = group.members["m1"].healthy = False
    await group.restart("m0", "m1", "m2")
    assert sorted(group.log[:4]) == ["m0 is ready", "m0 restarts", "m1 is ready", "m1 restarts"]
    assert group.log[4:] == ["m2 restarts", "m2 is ready"]


async def test_who_is_sick_because_another_restarts_keeps_its_turn(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an election of etcd: a restart makes the others sick, longer than a sick one is waited for."""
    monkeypatch.setattr("hardway.machines.units.SICK_FOR", 0.4)
    first, *others = group.members.values()
    first.recovers_in, first.upsets = 0.5, others
    await group.restart("m0", "m1", "m2")
    for restarts, ready in zip(group.log[::2], group.log[1::2], strict=True):
        assert ready == restarts.replace("restarts", "is ready")


async def test_after_one_that_does_not_come_back_nobody_else_goes(group: Group) -> None:
    for member in group.members.values():
        member.recovers = False
    with pytest.raises(ApplyFailed) as caught:
        await group.restart("m0", "m1", "m2", within=0.5)
    assert len(group.log) == 1
    text = said(caught.value.failures)
    assert "not ready within 0.5 s: http://127.0.0.1:2381/readyz answers 503" in text
    assert "etcd: panic: disk full" in text


async def test_a_unit_that_systemd_gave_up_is_not_waited_for(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.machines.readiness.LOOK_EVERY", 0.1)
    group.members["m0"].recovers = False
    group.members["m0"].state = "failed"
    with pytest.raises(ApplyFailed, match=r"systemd gave it up \(failed\)"):
        await group.restart("m0", within=1000.0)
