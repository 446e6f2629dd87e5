"""Doors for the command line's tests: operations over a plan of a few steps, run by the real engine.

Run as a program it is a `hardway` over these doors, for tests that need a terminal.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hardway.app.workstation import Workstation
from hardway.checks.runner import Row, State
from hardway.cli import composing
from hardway.cli.doors import CachedProgram, CloudPart, CloudState, Doors, History, LabMachine, Need, OnResult, Report
from hardway.cli.main import run
from hardway.cloud.check.report import CloudReport, Finding, ProofResult, ServiceReport, Standing
from hardway.cloud.check.report import State as ProofState
from hardway.engine.apply import Apply, Watcher
from hardway.engine.handler import Context, StepFailed
from hardway.engine.journal import RunRecord, StepRecord
from hardway.operations.look import Picture
from hardway.operations.status import CertificateStatus, MachineStatus, Status, UnitStatus
from hardway.operations.up import Confirm, Declined, Done
from hardway.operations.world import World
from hardway.plan.diff import make_plan
from hardway.plan.saved import SavedPlan, plan_json
from hardway.plan.steps import Plan, Step
from hardway.resources.base import UNKNOWN, Chapter, Content, Known, Ref, Resource, Seen
from hardway.resources.host import File, Unit
from tests.simulated_world import Nobody

ETCD = File(
    chapter=Chapter.ETCD, machine="hardway-master-0", path="/etc/etcd.conf", content=Content.of("name: etcd\nsize: 2\n")
)
KEY = File(
    chapter=Chapter.CERTIFICATES,
    machine="hardway-master-0",
    path="/etc/key.pem",
    content=Content.of(Ref("key:operator:etcd", "pem", secret=True)),
)
UNIT = Unit(chapter=Chapter.ETCD, machine="hardway-master-0", unit="etcd.service", restart_on=(ETCD.id,))
RESOURCES = (ETCD, KEY, UNIT)
SEEN = {ETCD.id: Seen(ETCD.id, {"sha256": "0" * 64, "owner": "root", "mode": "0644"}, owned=True)}

Act = Callable[[Step, Context], Awaitable[None]]


async def at_once(step: Step, context: Context) -> None:
    """A step that waits for something for a moment and is done."""
    context.waiting(step.id, "its turn")
    await asyncio.sleep(0)


@dataclass
class OneByOne:
    """A handler that carries each step out by `act`."""

    act: Act = at_once
    kinds: tuple[str, ...] = ("file", "unit")

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {}

    def owned(self, seen: Seen) -> Resource:
        raise AssertionError

    def batch(self, step: Step) -> str | None:
        return None

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            await self.act(step, context)
            context.finished(step)


def row(name: str, state: State, evidence: str = "") -> Row:
    return Row(name, Chapter.ETCD, f"{name} works", state, evidence, 0.25)


STATUS = Status(
    cluster="demo",
    kubernetes="1.37.2",
    api_url="https://127.0.0.1:40000",
    machines=(
        MachineStatus(
            "hardway-master-0",
            "master",
            "10.0.0.10",
            "running",
            "debian 13, Linux 6.12",
            (UnitStatus("etcd.service", True, True), UnitStatus("kube-scheduler.service", False, False)),
        ),
    ),
    conditions={"Node/hardway-worker-0 Ready": "yes"},
    certificates=(CertificateStatus("admin", datetime(2027, 1, 2, tzinfo=UTC), 12),),
    steps=0,
)


def step_record(started: str | None, ended: str | None, outcome: str | None) -> StepRecord:
    return StepRecord(2, UNIT.id, "etcd", "hardway-master-0", "create", "it is not there", started, ended, outcome, "")


HISTORY: History = (
    (RunRecord(1, "up", "0.1.0", "2026-01-01T10:00:00+00:00", "2026-01-01T10:00:30+00:00", "done"), ()),
    (
        RunRecord(2, "up", "0.1.0", "2026-01-01T11:00:00+00:00", None, None),
        (step_record("2026-01-01T11:00:01+00:00", None, None),),
    ),
)


@dataclass
class FakeOperations:
    """Operations over `resources`; `fault` is raised by each that touches the world."""

    resources: Sequence[Resource] = RESOURCES
    seen: Mapping[str, Seen] = field(default_factory=lambda: SEEN)
    gone: Sequence[Resource] = ()
    """Made by this cluster, and no longer wanted."""
    fault: BaseException | None = None
    act: Act = at_once
    rows: Sequence[Row] = (row("etcd", State.PASSED), row("dns", State.PASSED))
    asked: list[Any] = field(default_factory=list)

    def template(self) -> str:
        return "name: demo\n"

    def schema(self) -> Mapping[str, Any]:
        return {"type": "object"}

    async def cautions(self, world: World) -> Sequence[str]:
        return ("networks.pods: Docker's default bridge",)

    async def obstacles(self, world: World, picture: Picture) -> Sequence[str]:
        return ()

    @property
    def plan(self) -> Plan:
        return make_plan(self.resources, self.seen, lambda ref: b"value", self.gone)

    async def proposal(self, world: World) -> Picture:
        self._fail()
        return Picture(tuple(self.resources), self.seen, (), frozenset(), self.plan)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault

    def plan_json(self, world: World, picture: Picture) -> Mapping[str, Any]:
        return plan_json(picture.plan, "demo", "spec")

    def known(self, world: World, picture: Picture) -> Known:
        return lambda ref: UNKNOWN

    async def texts(self, world: World, ids: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(tuple(ids))
        return dict.fromkeys(ids, "name: etcd\nsize: 1\n")

    async def up(
        self, world: World, watcher: Watcher, confirm: Confirm, saved: SavedPlan | None, stop: asyncio.Event
    ) -> Done:
        picture = await self.proposal(world)
        self.asked.append(saved)
        if picture.plan and saved is None and not confirm(picture):
            raise Declined
        handlers = {kind: OneByOne(self.act) for kind in OneByOne.kinds}
        await Apply(picture.plan, handlers, lambda ref: b"value", Nobody(), watcher, stop).run()
        return Done(len(picture.plan.steps), 1.5, ())

    async def down(self, world: World, watcher: Watcher, confirm: Confirm, stop: asyncio.Event) -> Done:
        return await self.up(world, watcher, confirm, None, stop)

    async def verify(self, world: World, on_result: OnResult) -> Sequence[Row]:
        self._fail()
        for one in self.rows:
            on_result(one)
        return self.rows

    async def status(self, world: World) -> Status:
        self._fail()
        return STATUS

    def render(self, world: World, folder: Path) -> Sequence[Path]:
        return (folder / "hardway-master-0/etc/etcd.conf",)

    def kubectl_command(self, world: World, arguments: Sequence[str]) -> Sequence[str]:
        return ("/cache/kubectl", *arguments)

    def kubeconfig(self, world: World) -> Mapping[str, Any]:
        return {"apiVersion": "v1", "kind": "Config"}

    def merge_kubeconfig(self, world: World) -> Path:
        return Path("/home/me/.kube/config")

    def history(self, world: World) -> History:
        return HISTORY


@dataclass
class FakeLab:
    """A lab of one machine."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    met: bool = True

    async def up(self, spec: Path, report: Report) -> Sequence[LabMachine]:
        report("hardway-master-0", "boots")
        return await self.status(spec)

    async def down(self, spec: Path, report: Report) -> None:
        self.calls.append(("down",))

    async def status(self, spec: Path) -> Sequence[LabMachine]:
        return [LabMachine("hardway-master-0", "10.0.0.10", "running")]

    async def exec(self, spec: Path, machine: str, command: Sequence[str]) -> int:
        self.calls.append(("exec", machine, *command))
        return 7

    async def shell(self, spec: Path, machine: str) -> int:
        self.calls.append(("shell", machine))
        return 0

    async def kill(self, spec: Path, machine: str) -> None:
        self.calls.append(("kill", machine))

    async def start(self, spec: Path, machine: str) -> None:
        self.calls.append(("start", machine))

    async def doctor(self, *, install: bool, report: Report) -> Sequence[Need]:
        self.calls.append(("doctor", str(install)))
        return [Need("systemd-nspawn", self.met, "the lab's machines", "apt-get install systemd-container")]


@dataclass
class FakeCloud:
    """A cloud with one service, which runs or does not."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    state: str = "up"

    async def up(self, name: str, chassis: int | None, report: Report) -> CloudState:
        report("keystone", "ready after 3 s")
        self.calls.append(("up", name, str(chassis)))
        return await self.status(name)

    async def down(self, name: str, keep_data: bool) -> None:
        self.calls.append(("down", name, str(keep_data)))

    async def status(self, name: str) -> CloudState:
        part = CloudPart("keystone", "ready" if self.state == "up" else "failed", "30.0.0", "http://127.0.0.1:5000", 1)
        return CloudState(name, self.state, 3, (part,))

    def environment(self, name: str) -> Mapping[str, str]:
        return {"OS_CLIENT_CONFIG_FILE": f"/a b/{name}/clouds.yaml", "OS_CLOUD": name}

    def openstack_command(self, name: str, arguments: Sequence[str], admin: bool) -> Sequence[str]:
        return ("openstack", name, str(admin), *arguments)

    def log_command(self, name: str, service: str, lines: int, follow: bool) -> Sequence[str]:
        return ("tail", name, service, str(lines), str(follow))


async def programs(spec: Path | None, report: Report) -> Sequence[CachedProgram]:
    report("etcd", "builds")
    return [CachedProgram("etcd", "3.6.16", 25_000_000, "ab" * 32)]


CLOUD = CloudReport(
    cloud="home",
    region="RegionOne",
    services=(
        ServiceReport(
            name="Glance",
            counterpart="AMI",
            there=True,
            version="API 2.17",
            proofs=(ProofResult("image", "an image is stored", ProofState.PASSED, "it came back", 0.3),),
        ),
        ServiceReport(name="Swift", counterpart="S3", there=False, version="", proofs=()),
    ),
    findings=(
        Finding("endpoints with TLS", Standing.AMISS, "http in public: image", "End TLS at a proxy."),
        Finding("load balancers bear the loss of a computer", Standing.NOT_KNOWN, "there is none"),
    ),
)


@dataclass
class House:
    """All doors, and what went through them."""

    state: Path
    operations: FakeOperations = field(default_factory=FakeOperations)
    lab: FakeLab = field(default_factory=FakeLab)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    found: CloudReport | Exception = CLOUD
    """What a check of a cloud answers, or why it does not."""
    checked: list[tuple[Any, ...]] = field(default_factory=list)
    executed: list[Sequence[str]] = field(default_factory=list)
    opened: list[tuple[str, bool, str]] = field(default_factory=list)

    @asynccontextmanager
    async def open_world(self, spec: Path, *, locked: bool, command: str) -> AsyncIterator[World]:
        self.opened.append((str(spec), locked, command))
        world = SimpleNamespace(
            state=SimpleNamespace(path=self.state, journal=self.state / "journal.sqlite"),
            cluster=SimpleNamespace(name="demo"),
        )
        yield cast("World", world)

    def check_cloud(
        self, cloud: str | None, *, neutron_conf: Path | None, horizon: str, proofs: bool, report: Report
    ) -> CloudReport:
        self.checked.append((cloud, neutron_conf, horizon, proofs))
        report("Glance, image", "passed (0.3 s)")
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def execute(self, command: Sequence[str]) -> int:
        self.executed.append(command)
        return 5

    def run(self, *argv: str) -> int:
        doors = Doors(
            self.open_world,
            self.lab,
            programs,
            self.operations,
            self.cloud,
            self.execute,
            check_cloud=self.check_cloud,
            workstation=Workstation(),
            compose=composing,
        )
        return run(doors, argv)


def failing(name: str) -> Act:
    """Fails the steps of that name, with evidence that would drive a terminal."""

    async def act(step: Step, context: Context) -> None:
        if step.resource.name == name:
            raise StepFailed(step.id, "it did not start", "Main process exited\n\x1b[31mfatal\x07", "read its log")

    return act


if __name__ == "__main__":
    sys.exit(House(Path(sys.argv[1])).run(*sys.argv[2:]))
