"""Decides how processes of labs and clouds are held here: as units of systemd, or in control groups made by hand.

The only place that asks. Computers whose PID 1 is systemd (cgroup v2, as a rule) have `units.SystemdUnits`; those with
cgroup v1 and another PID 1 have `groups.OwnGroups`; there is no third way.
"""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

from hardway.lab.faults import LabFault
from hardway.lab.groups import OwnGroups
from hardway.lab.jobs import Job
from hardway.lab.places import JobName, Owner
from hardway.lab.units import SystemdUnits


class Keeper(Protocol):
    """Holds jobs: process trees that outlive hardway and can be ended for good."""

    remounts: bool
    """Whether the control groups are read-only inside a machine until it mounts them anew."""

    def start(self, job: Job) -> Awaitable[None]:
        """Start a job that is not running. Raises LabFault."""
        ...

    def kill(self, name: JobName) -> Awaitable[None]:
        """End all its processes at once, like a power cut, and take its control group away, if there is one."""
        ...

    def terminate(self, name: JobName, within: float) -> Awaitable[None]:
        """Ask it to end (SIGTERM, at which a machine shuts down), and wait for that, so many seconds at most."""
        ...

    def running(self, owner: Owner) -> Awaitable[frozenset[str]]:
        """The names of the owner's jobs that run."""
        ...

    def kill_all(self, owner: Owner) -> Awaitable[None]:
        """End all jobs of the owner, found by name, and take all its control groups away."""
        ...


def keeper() -> Keeper:
    """Who holds the lab's processes on this computer. Raises LabFault where nobody can."""
    if Path("/run/systemd/system").is_dir():  # sd_booted(3)
        return SystemdUnits()
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        raise LabFault(
            "this computer has cgroup v2, and a PID 1 other than systemd",
            advice="boot it with systemd, or use another computer: lab machines need control groups delegated to them",
        )
    return OwnGroups()
