"""What the command line asks of the rest: interfaces that app/ fills in. Imports nothing heavy.

Everything behind a door is imported when the door is first gone through, never before.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from asyncio import Event
    from pathlib import Path

    from hardway.cloud.check.report import CloudReport
    from hardway.compose.converting.convert import Converted
    from hardway.compose.identity import Identity
    from hardway.compose.loading.request import Request
    from hardway.compose.loading.whole import Read
    from hardway.compose.status import ProjectStatus
    from hardway.engine.apply import Watcher
    from hardway.engine.journal import RunRecord, StepRecord
    from hardway.operations.look import Picture
    from hardway.operations.status import Status
    from hardway.operations.up import Confirm, Done
    from hardway.operations.verify import CheckResult
    from hardway.operations.world import World
    from hardway.plan.saved import SavedPlan
    from hardway.resources.base import Known
    from hardway.workstation.operations import Proposal
    from hardway.workstation.show import Shown

Report = Callable[[str, str], None]
"""Told of progress as it comes: what it is about (a machine, a program), and one line about it."""

OnResult = Callable[["CheckResult"], None]
"""Told of each check's result as it comes."""

History = tuple[tuple["RunRecord", tuple["StepRecord", ...]], ...]
"""Every run with its steps, oldest first."""


class OpenWorld(Protocol):
    """Opens a cluster by its spec."""

    def __call__(self, spec: Path, *, locked: bool, command: str) -> AbstractAsyncContextManager[World]:
        """`locked` holds the state's lock meanwhile, with `command` for others to see.

        Raises SpecFaults, StateFault, Locked, LabFault.
        """
        ...


@dataclass(frozen=True, slots=True)
class LabMachine:
    """A machine of a lab."""

    name: str
    address: str
    state: str
    """running, off or not made."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that the lab needs of this computer."""

    what: str
    met: bool
    why: str
    """What it is for; where it is not met, what was found instead."""
    remedy: str = ""
    """What to do where it is not met, such as a command."""


class Lab(Protocol):
    """The lab's machines, apart from what hardway lays on them. Each raises SpecFaults and LabFault."""

    def up(self, spec: Path, report: Report) -> Awaitable[Sequence[LabMachine]]:
        """Make and start the machines of a spec."""
        ...

    def down(self, spec: Path, report: Report) -> Awaitable[None]:
        """Take them away, with all that is on them."""
        ...

    def status(self, spec: Path) -> Awaitable[Sequence[LabMachine]]: ...

    def exec(self, spec: Path, machine: str, command: Sequence[str]) -> Awaitable[int]:
        """Run a command on a machine, with this process's streams; answers its exit code."""
        ...

    def shell(self, spec: Path, machine: str) -> Awaitable[int]:
        """An interactive shell on a machine; answers its exit code."""
        ...

    def kill(self, spec: Path, machine: str) -> Awaitable[None]:
        """A power cut."""
        ...

    def start(self, spec: Path, machine: str) -> Awaitable[None]: ...

    def doctor(self, *, install: bool, report: Report) -> Awaitable[Sequence[Need]]:
        """What the lab needs of this computer; `install` brings what is missing."""
        ...


@dataclass(frozen=True, slots=True)
class CloudPart:
    """A process of a cloud: a service, a chassis, OVN's centre, the operator's proxy."""

    name: str
    state: str
    """ready, starting, failed, done, running, off."""
    version: str
    """Of what it runs, where that has one."""
    endpoint: str
    """Where it is reached from this computer."""
    restarts: int


@dataclass(frozen=True, slots=True)
class CloudState:
    """A cloud as it is now."""

    name: str
    state: str
    """up, degraded, off, not made."""
    chassis: int
    parts: tuple[CloudPart, ...]


class Cloud(Protocol):
    """A cloud on this computer. Each raises LabFault."""

    def up(self, name: str, chassis: int | None, report: Report) -> Awaitable[CloudState]:
        """Make it, or bring back what does not run."""
        ...

    def down(self, name: str, keep_data: bool) -> Awaitable[None]:
        """Take all of it away; or end it, and keep what it knows."""
        ...

    def status(self, name: str) -> Awaitable[CloudState]: ...

    def environment(self, name: str) -> Mapping[str, str]:
        """The variables by which clients find it."""
        ...

    def openstack_command(self, name: str, arguments: Sequence[str], admin: bool) -> Sequence[str]: ...

    def log_command(self, name: str, service: str, lines: int, follow: bool) -> Sequence[str]: ...


class Workstation(Protocol):
    """The computer that is worked from. Each raises WorkstationFault and StateFault."""

    def template(self) -> str: ...

    def proposal(self, spec: Path) -> Awaitable[Proposal]:
        """What `apply` would do. Raises SpecFaults, Refused."""
        ...

    def plan_json(self, proposed: Proposal) -> Mapping[str, Any]: ...

    def apply(
        self,
        spec: Path,
        watcher: Watcher,
        confirm: Confirm,
        stop: Event,
        caution: Callable[[Sequence[str]], None],
    ) -> Awaitable[Done]: ...

    def undo(self, watcher: Watcher, confirm: Confirm, stop: Event) -> Awaitable[Done]: ...

    def show(self, spec: Path | None, types: Sequence[str]) -> Awaitable[Shown]:
        """What is there; without a spec what was made. Raises SpecFaults, Refused."""
        ...


@dataclass(frozen=True, slots=True)
class CachedProgram:
    """A program or image in the cache."""

    name: str
    version: str
    size: int
    """Bytes."""
    sha256: str


class Programs(Protocol):
    """Brings programs and images into the cache."""

    def __call__(self, spec: Path | None, report: Report) -> Awaitable[Sequence[CachedProgram]]:
        """All that a spec's cluster needs; without a spec, what one of the default release needs.

        Raises SpecFaults, SourceFault.
        """
        ...


class Operations(Protocol):
    """What the product does. `cli/operations.py` is the real thing."""

    def template(self) -> str: ...
    def schema(self) -> Mapping[str, Any]: ...

    def cautions(self, world: World) -> Awaitable[Sequence[str]]:
        """What is allowed and yet worth a warning, a line each."""
        ...

    def proposal(self, world: World) -> Awaitable[Picture]:
        """What `up` would do. Raises Refused for what it would not."""
        ...

    def obstacles(self, world: World, picture: Picture) -> Awaitable[Sequence[str]]:
        """What would keep the plan from being carried out, a line each."""
        ...

    def plan_json(self, world: World, picture: Picture) -> Mapping[str, Any]: ...
    def known(self, world: World, picture: Picture) -> Known: ...

    def texts(self, world: World, ids: Sequence[str]) -> Awaitable[Mapping[str, str]]:
        """The present text of files on machines, by resource id; without those that are not there or no text."""
        ...

    def up(
        self, world: World, watcher: Watcher, confirm: Confirm, saved: SavedPlan | None, stop: Event
    ) -> Awaitable[Done]: ...

    def down(self, world: World, watcher: Watcher, confirm: Confirm, stop: Event) -> Awaitable[Done]: ...
    def verify(self, world: World, on_result: OnResult) -> Awaitable[Sequence[CheckResult]]: ...
    def status(self, world: World) -> Awaitable[Status]: ...
    def render(self, world: World, folder: Path) -> Sequence[Path]: ...
    def kubectl_command(self, world: World, arguments: Sequence[str]) -> Sequence[str]: ...
    def kubeconfig(self, world: World) -> Mapping[str, Any]: ...
    def merge_kubeconfig(self, world: World) -> Path: ...
    def history(self, world: World) -> History: ...


class CheckCloud(Protocol):
    """Checks an OpenStack: its services, a proof of each, and what is amiss."""

    def __call__(
        self, cloud: str | None, *, neutron_conf: Path | None, horizon: str, proofs: bool, report: Report
    ) -> CloudReport:
        """Without `proofs` nothing is made there. Raises BadCloud, CloudUnreachable."""
        ...


class Compose(Protocol):
    """Compose projects: read, converted, run on a cluster. `cli/composing.py` is the real thing."""

    def read(self, request: Request) -> Read:
        """Raises ComposeFaults with all that is wrong."""
        ...

    def convert(self, found: Read, *, lax: bool) -> Converted: ...

    def write(self, converted: Converted, folder: Path) -> Sequence[Path]:
        """The objects as files. Raises NotEmpty."""
        ...

    def identify(self, request: Request) -> Identity:
        """Which project it is, by its files or its name alone. Raises ComposeFaults."""
        ...

    def proposal(self, world: World, converted: Converted, project: str) -> Awaitable[Picture]:
        """What `up` would do. Raises Refused for what it would not."""
        ...

    def up(
        self, world: World, converted: Converted, project: str, watcher: Watcher, confirm: Confirm, stop: Event
    ) -> Awaitable[Done]: ...

    def down(
        self, world: World, identity: Identity, watcher: Watcher, confirm: Confirm, stop: Event, *, volumes: bool
    ) -> Awaitable[Done]: ...

    def ps(self, world: World, project: str, namespace: str) -> Awaitable[ProjectStatus]: ...

    def logs_command(
        self, world: World, identity: Identity, services: Sequence[str], *, follow: bool, lines: int | None
    ) -> Sequence[str]: ...

    def exec_command(
        self, world: World, identity: Identity, service: str, command: Sequence[str], *, terminal: bool
    ) -> Awaitable[Sequence[str]]: ...


def replace_process(command: Sequence[str]) -> NoReturn:
    """Become that program: its streams, signals and exit code are its own. Raises OSError."""
    os.execv(command[0], list(command))


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything the command line can ask for."""

    open_world: OpenWorld
    lab: Lab
    programs: Programs
    operations: Operations
    cloud: Cloud
    check_cloud: CheckCloud = field(kw_only=True)
    workstation: Workstation = field(kw_only=True)
    compose: Compose = field(kw_only=True)
    execute: Callable[[Sequence[str]], int] = replace_process
    """Runs the real kubectl in this process's place."""
