"""Holds processes of labs and clouds as transient units of systemd, each with its control group delegated: cgroup v2.

Touches units named <owner>.<job>, such as hardway-<lab>.<machine>, through systemd-run(1) and systemctl(1).
"""

from __future__ import annotations

import json
from contextlib import suppress

from hardway.lab.commands import run, succeeds
from hardway.lab.faults import LabFault
from hardway.lab.jobs import REBOOT, RESTART_SECONDS, Job
from hardway.lab.loopback import listen
from hardway.lab.places import JobName, Owner


class SystemdUnits:
    """A transient service for each job; for one that listens, a transient socket that starts it."""

    remounts = False

    async def start(self, job: Job) -> None:
        await _forget(job.name.title)
        if job.listen is not None:
            listen(job.listen).close()  # systemd-run would only say that the socket unit failed
        await run(unit_command(job))

    async def kill(self, name: JobName) -> None:
        await _kill(name.title)

    async def terminate(self, name: JobName, within: float) -> None:
        with suppress(LabFault):  # it takes longer, or is not there
            await run(("systemctl", "stop", f"{name.title}.service"), within=within)

    async def running(self, owner: Owner) -> frozenset[str]:
        titles = await _titles(owner, "--state=active,activating,listening,running")
        return frozenset(title.removeprefix(f"{owner.title}.") for title in titles)

    async def kill_all(self, owner: Owner) -> None:
        for title in await _titles(owner, "--all"):
            await _kill(title)


def unit_command(job: Job) -> tuple[str, ...]:
    """The call of systemd-run(1) that starts a job."""
    properties = (
        "Delegate=yes",
        "KillMode=mixed",
        "TasksMax=infinity",
        f"RestartForceExitStatus={REBOOT}",
        f"SuccessExitStatus={REBOOT}",
        *(("Restart=always", f"RestartSec={RESTART_SECONDS}", "StartLimitIntervalSec=0") if job.restart else ()),
        f"StandardOutput=append:{job.output}",
        f"StandardError=append:{job.output}",
        f"ExecStartPre=/bin/sh -c {json.dumps(job.before).replace('$', '$$')}",
        f"ExecStopPost=/bin/sh -c {json.dumps(job.after).replace('$', '$$')}",
        *((f"MemoryMax={job.memory}",) if job.memory is not None else ()),
    )
    activation = "--service-type=exec"
    if job.listen is not None:
        activation = f"--socket-property=ListenStream=127.0.0.1:{job.listen}"
    return (
        *("systemd-run", "--quiet", "--collect", f"--unit={job.name.title}", activation),
        f"--description=hardway: {job.name.title}",
        *(f"--property={each}" for each in properties),
        *(f"--setenv={name}={value}" for name, value in job.environment),
        # systemd.service(5), "Command lines": a dollar sign is doubled, or a variable is put in its place.
        *(word.replace("$", "$$") for word in job.argv),
    )


async def _titles(owner: Owner, which: str) -> tuple[str, ...]:
    """Titles of the owner's units, each once."""
    argv = ("systemctl", "list-units", "--output=json", which, f"{owner.title}.*.service", f"{owner.title}.*.socket")
    listed = json.loads(await run(argv) or "[]")
    names = (str(unit["unit"]) for unit in listed)
    return tuple(sorted({name.removesuffix(".service").removesuffix(".socket") for name in names}))


async def _kill(title: str) -> None:
    """The socket first, so that it starts nothing anew; SIGKILL for all at once, then wait until they are gone."""
    await succeeds(("systemctl", "stop", f"{title}.socket"))
    await succeeds(("systemctl", "kill", "--kill-whom=all", "--signal=SIGKILL", f"{title}.service"))
    await succeeds(("systemctl", "stop", f"{title}.service"))
    await _forget(title)


async def _forget(title: str) -> None:
    """A failed unit would keep its name taken."""
    await succeeds(("systemctl", "reset-failed", f"{title}.service", f"{title}.socket"))
