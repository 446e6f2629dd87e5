"""The lab behind the command line's door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hardway.app.worlds import load_cluster

if TYPE_CHECKING:
    from hardway.cli.doors import LabMachine, Need, Report


@contextmanager
def _held(spec: Path, command: str) -> Iterator[None]:
    """Holds the cluster's state, where it has one, against a run that works on the same machines. Raises StateFault."""
    from datetime import UTC, datetime

    from hardway.state.directory import existing_state
    from hardway.state.lock import locked

    state = existing_state(spec, load_cluster(spec).name)
    with locked(state.lock, command, datetime.now(UTC)) if state else nullcontext():
        yield


class Lab:
    """The lab behind the command line's door.

    `up` and `down` wait for nobody and refuse to meddle with a run; a power cut (`kill`) asks nobody, and starting what
    is off does no harm.
    """

    async def up(self, spec: Path, report: Report) -> Sequence[LabMachine]:
        from hardway.lab import operations

        with _held(spec, "lab up"):
            await operations.up(load_cluster(spec), report)
        return await self.status(spec)

    async def down(self, spec: Path, report: Report) -> None:
        from hardway.lab import operations

        with _held(spec, "lab down"):
            await operations.down(load_cluster(spec))

    async def status(self, spec: Path) -> Sequence[LabMachine]:
        from hardway.cli.doors import LabMachine
        from hardway.lab import operations

        state = await operations.status(load_cluster(spec))
        return [LabMachine(one.name, one.address, one.state) for one in state.machines]

    async def exec(self, spec: Path, machine: str, command: Sequence[str]) -> int:
        return await _in_foreground(spec, machine, command)

    async def shell(self, spec: Path, machine: str) -> int:
        return await _in_foreground(spec, machine, ())

    async def kill(self, spec: Path, machine: str) -> None:
        from hardway.lab import operations

        await operations.kill(load_cluster(spec), machine)

    async def start(self, spec: Path, machine: str) -> None:
        from hardway.lab import operations

        await operations.start(load_cluster(spec), machine)

    async def doctor(self, *, install: bool, report: Report) -> Sequence[Need]:
        from hardway.cli.doors import Need
        from hardway.lab import doctor

        if install:
            await doctor.install(report)
        return [Need(one.what, one.met, one.why, one.remedy) for one in await doctor.examine()]


async def _in_foreground(spec: Path, machine: str, command: Sequence[str]) -> int:
    """A command on a machine with this process's own streams."""
    from hardway.lab import operations
    from hardway.lab.commands import in_foreground

    return await in_foreground(operations.ssh_command(load_cluster(spec), machine, command))
