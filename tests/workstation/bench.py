"""A user's computer in a folder of its own: a home, programs that a test writes, and clusters that it makes up."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from hardway.cli.watchers import Watcher
from hardway.engine.handler import Context
from hardway.operations.up import Done
from hardway.operations.world import World
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Ref, Resource, Seen
from hardway.sources.store import Store
from hardway.workstation.clusters import Clusters
from hardway.workstation.keeping import kept
from hardway.workstation.operations import Bench, Proposal, apply, proposal, undo
from hardway.workstation.places import this_computer
from hardway.workstation.show import Shown, show

KUBECTL = '#!/bin/sh\n[ $1 = completion ] && echo "# $2 completes kubectl" && exit\nexit 1\n'


@dataclass(eq=False)
class OneProgram:
    """A store that has kubectl alone, as a script."""

    program: Path
    kinds: tuple[str, ...] = ("blob",)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return {one.id: Seen(one.id, {"cached": "yes"}) for one in resources}

    def owned(self, seen: Seen) -> Resource:
        raise AssertionError

    def batch(self, step: Step) -> str | None:
        raise AssertionError

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        raise AssertionError

    def value(self, ref: Ref) -> bytes | None:
        sha256 = hashlib.sha256(self.program.read_bytes()).hexdigest()
        return {"sha256": sha256, "path": str(self.program)}[ref.attribute].encode()


@dataclass
class Computer:
    """The computer of one user."""

    root: Path
    worlds: dict[Path, World] = field(default_factory=dict)
    """The clusters by their spec."""

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        self.home.mkdir()
        self.spec = self.root / "workstation.yaml"
        self.kubectl = self.root / "kubectl-of-the-cache"
        self.kubectl.write_text(KUBECTL)
        self.kubectl.chmod(0o755)
        self.hosts = self.root / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")

    @property
    def environment(self) -> Mapping[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def wants(self, text: str) -> None:
        self.spec.write_text(text)

    @asynccontextmanager
    async def _open_world(self, spec: Path, *, locked: bool, command: str) -> AsyncIterator[World]:
        yield self.worlds[spec]

    @contextmanager
    def bench(self, *, locked: bool) -> Iterator[Bench]:
        found = this_computer(self.environment)
        places = replace(found, kubeconfig=self.home / ".kube/config", hosts=self.hosts)
        store = cast("Store", OneProgram(self.kubectl))
        with kept(places.state, "test", locked=locked) as (state, inventory):
            yield Bench(places, state, inventory, store, Clusters(self._open_world, places))

    async def propose(self) -> Proposal:
        with self.bench(locked=False) as bench:
            return await proposal(bench, self.spec)

    async def plan(self) -> Plan:
        return (await self.propose()).picture.plan

    async def apply(self) -> Done:
        with self.bench(locked=True) as bench:
            return await apply(bench, self.spec, Watcher(), lambda picture: True, asyncio.Event())

    async def undo(self) -> Done:
        with self.bench(locked=True) as bench:
            return await undo(bench, Watcher(), lambda picture: True, asyncio.Event())

    async def show(self, *types: str) -> Shown:
        with self.bench(locked=False) as bench:
            return await show(bench, self.spec if self.spec.exists() else None, types)

    def everything(self) -> dict[str, tuple[str, ...]]:
        """All that is in the home, and the hosts, byte for byte with modes."""
        found = {str(path.relative_to(self.root)): _whole(path) for path in sorted(self.home.rglob("*"))}
        return {**found, "hosts": _whole(self.hosts)}


def _whole(path: Path) -> tuple[str, ...]:
    if path.is_symlink():
        return ("link", str(path.readlink()))
    mode = f"{stat.S_IMODE(path.stat().st_mode):04o}"
    return ("folder", mode) if path.is_dir() else ("file", mode, path.read_bytes().hex())
