"""Holds the lab's processes as transient units of systemd, each with its control group delegated: cgroup v2.

Touches units named hardway-<lab>.<job>, through systemd-run(1) and systemctl(1).
"""

from __future__ import annotations

import json
import socket

from hardway.lab.commands import run, succeeds
from hardway.lab.faults import LabFault
from hardway.lab.jobs import REBOOT, Job
from hardway.lab.places import JobName, LabPlace


class SystemdUnits:
    """A transient service for each job; for one that listens, a transient socket that starts it."""

    remounts = False

    async def start(self, job: Job) -> None:
        await _forget(job.name.title)
        if job.listen is not None:
            _probe(job.listen)
        await run(unit_command(job))

    async def kill(self, name: JobName) -> None:
        await _kill(name.title)

    async def running(self, lab: LabPlace) -> frozenset[str]:
        titles = await _titles(lab, "--state=active,activating,listening,running")
        return frozenset(title.removeprefix(f"{lab.title}.") for title in titles)

    async def kill_all(self, lab: LabPlace) -> None:
        for title in await _titles(lab, "--all"):
            await _kill(title)


def unit_command(job: Job) -> tuple[str, ...]:
    """The call of systemd-run(1) that starts a job."""
    properties = (
        "Delegate=yes",
        "KillMode=mixed",
        "TasksMax=infinity",
        f"RestartForceExitStatus={REBOOT}",
        f"SuccessExitStatus={REBOOT}",
        f"StandardOutput=append:{job.output}",
        f"StandardError=append:{job.output}",
        f"ExecStartPre=/bin/sh -c {json.dumps(job.before).replace('$', '$$')}",
    )
    activation = "--service-type=exec"
    if job.listen is not None:
        activation = f"--socket-property=ListenStream=127.0.0.1:{job.listen}"
    return (
        *("systemd-run", "--quiet", "--collect", f"--unit={job.name.title}", activation),
        f"--description=hardway lab {job.name.lab.lab}: {job.name.name}",
        *(f"--property={each}" for each in properties),
        *(f"--setenv={name}={value}" for name, value in job.environment),
        # systemd.service(5), "Command lines": a dollar sign is doubled, or a variable is put in its place.
        *(word.replace("$", "$$") for word in job.argv),
    )


async def _titles(lab: LabPlace, which: str) -> tuple[str, ...]:
    """Titles of the lab's units, each once."""
    argv = ("systemctl", "list-units", "--output=json", which, f"{lab.title}.*.service", f"{lab.title}.*.socket")
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


def _probe(port: int) -> None:
    """systemd-run would only say that the socket unit failed."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise LabFault(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}") from error
