"""Holds processes of labs and clouds in control groups made by hand: cgroup v1 without systemd as PID 1.

Touches /sys/fs/cgroup/*/<owner>, such as hardway-<lab>, and the processes in there.
"""

from __future__ import annotations

import asyncio
import os
import select
import shlex
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hardway.lab.commands import launch
from hardway.lab.faults import LabFault
from hardway.lab.jobs import REBOOT, RESTART_SECONDS, Job
from hardway.lab.loopback import listen
from hardway.lab.places import JobName, Owner

END_SECONDS = 10.0
"""The longest that killed processes may take to go."""


class OwnGroups:
    """A directory `<owner>/<job>` in every hierarchy, the unified one of a hybrid computer included.

    In every one, because a machine's cgroup namespace shows its own directory as the root: two kubelets would otherwise
    take each other's pods for their own.
    """

    remounts = True

    def __init__(self, mounts: Callable[[], str] = Path("/proc/self/mounts").read_text) -> None:
        self._tops = hierarchies(mounts())

    async def start(self, job: Job) -> None:
        groups = self._groups(job.name)
        for group in groups:
            _make_group(group)
            _limit_memory(group, job.memory)
        await asyncio.to_thread(_launch, job, start_script(job, groups))

    async def kill(self, name: JobName) -> None:
        await asyncio.to_thread(_clear, self._groups(name))

    async def terminate(self, name: JobName, within: float) -> None:
        ours = [pid for pid in _processes(self._groups(name)[:1]) if _in_our_namespace(pid)]
        await asyncio.to_thread(_signal, ours, signal.SIGTERM, time.monotonic() + within)

    async def running(self, owner: Owner) -> frozenset[str]:
        top = self._tops[0] / owner.title
        if not top.is_dir():
            return frozenset()
        return frozenset(group.name for group in top.iterdir() if group.is_dir() and any(_processes((group,))))

    async def kill_all(self, owner: Owner) -> None:
        await asyncio.to_thread(_clear, tuple(top / owner.title for top in self._tops))

    def _groups(self, name: JobName) -> tuple[Path, ...]:
        return tuple(top / name.owner.title / name.name for top in self._tops)


def hierarchies(mounts: str) -> tuple[Path, ...]:
    """Where control group hierarchies are mounted, from the text of /proc/self/mounts (proc(5))."""
    rows = (line.split() for line in mounts.splitlines())
    return tuple(Path(row[1]) for row in rows if row[2] in ("cgroup", "cgroup2"))


def start_script(job: Job, groups: Iterable[Path]) -> str:
    """Enters the groups, and leaves a process behind that starts the program again as long as it asks for that.

    When the script has ended, that process is in the groups already.
    """
    loop = _restarting(job) if job.restart else _rebooting(job)
    enter = (f"echo $$ > {shlex.quote(str(group / 'cgroup.procs'))}" for group in groups)
    return "\n".join(("set -e", *enter, f"exec 3<&0 setsid --fork sh -c {shlex.quote(loop)} </dev/null"))


def _rebooting(job: Job) -> str:
    return "\n".join(
        (
            f"status={REBOOT}",
            f"while [ $status = {REBOOT} ]; do",
            f"( {job.before}\n) || exit 1",
            _command(job),
            "status=$?",
            "done",
            job.after,
        )
    )


def _restarting(job: Job) -> str:
    return "\n".join((f"while ( {job.before}\n)", "do", _command(job), f"sleep {RESTART_SECONDS}", "done"))


def _command(job: Job) -> str:
    if job.listen is None:
        return f"{shlex.join(job.argv)} 3<&-"
    # sd_listen_fds(3): descriptor 3, and only for the process of that number.
    return shlex.join(("sh", "-c", 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh", *job.argv))


def _launch(job: Job, script: str) -> None:
    environment = dict(job.environment)
    if job.listen is None:
        launch(script, output=job.output, environment=environment)
        return
    with listen(job.listen) as server:
        launch(script, output=job.output, environment=environment, stdin=server.fileno())


def _make_group(group: Path) -> None:
    """The directory and its parent; cpuset wants to be told what it may use before it takes a process."""
    for path in (group.parent, group):
        path.mkdir(exist_ok=True)
        if not (path / "cgroup.clone_children").exists() or not (path / "cpuset.cpus").exists():
            continue
        for name in ("cpuset.cpus", "cpuset.mems"):
            (path / name).write_text((path.parent / name).read_text())
        (path / "cgroup.clone_children").write_text("1")


def _limit_memory(group: Path, limit: int | None) -> None:
    if limit is not None and (group / "memory.limit_in_bytes").exists():
        (group / "memory.limit_in_bytes").write_text(str(limit))


def _in_our_namespace(pid: int) -> bool:
    """Whether it is a process of this computer, as systemd-nspawn is, and not one inside a machine."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except OSError:
        return False


def _clear(groups: Sequence[Path]) -> None:
    """Kill all that is in the groups and below, then remove them."""
    deadline = time.monotonic() + END_SECONDS
    while pids := set(_processes(groups)):
        if time.monotonic() > deadline:
            raise LabFault(f"processes do not end: {' '.join(map(str, sorted(pids)))}", f"killed in {groups[0]}")
        _signal(pids, signal.SIGKILL, deadline)
    for group in groups:
        _remove_tree(group, deadline)


def _signal(pids: Iterable[int], number: signal.Signals, deadline: float) -> None:
    """Send all of them a signal, then wait until they are gone, or until the deadline.

    A handle (pidfd_open(2)) lets the end be awaited; the pids were read a moment ago, from groups of the owner's alone.
    """
    handles = [handle for handle in (_signal_one(pid, number) for pid in pids) if handle is not None]
    try:
        for handle in handles:
            select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        for handle in handles:
            os.close(handle)


def _signal_one(pid: int, number: signal.Signals) -> int | None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, number)
    return handle


def _processes(groups: Iterable[Path]) -> Iterator[int]:
    for group in groups:
        for directory, _, _ in os.walk(group):
            with suppress(OSError):  # gone meanwhile
                yield from map(int, (Path(directory) / "cgroup.procs").read_text().split())


def _remove_tree(top: Path, deadline: float) -> None:
    for directory, _, _ in os.walk(top, topdown=False):
        _remove_group(Path(directory), deadline)


def _remove_group(group: Path, deadline: float) -> None:
    """The kernel says "busy" for a moment after the last process, and cgroup v1 has no event to wait for."""
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise LabFault(f"the control group {group} cannot be removed", str(error)) from error
            time.sleep(0.005)
        else:
            return
