"""The cloud's processes, as jobs that a keeper holds and starts anew when they end: OVN's centre, each chassis, the
services, and the operator's proxy. Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from hardway.cloud.configuration.settings import Settings
from hardway.cloud.files import python_environment
from hardway.cloud.places import CENTRAL, OPERATOR, PROXY, SERVICES, SOCKS, ChassisPlace
from hardway.lab.forward import PROXY as SOCKET_PROXY
from hardway.lab.jobs import Job
from hardway.lab.network import NAMESPACES
from hardway.lab.places import JobName

SUPERVISOR = "hardway.cloud.services.supervisor"
WATCHED = "hardway.cloud.services.watched"
SOCKS_PORT = 1080
"""In the operator's namespace."""
CONNECTIONS = 4096


def jobs(settings: Settings) -> Sequence[Job]:
    """All of them, in the order of their start."""
    chassis = (settings.place.chassis(number) for number in range(1, settings.record.chassis + 1))
    return (
        central_job(settings),
        services_job(settings),
        *(chassis_job(settings, one) for one in chassis),
        socks_job(settings),
        proxy_job(settings),
    )


def central_job(settings: Settings) -> Job:
    return _job(settings, CENTRAL, _watched(settings, CENTRAL))


def chassis_job(settings: Settings, chassis: ChassisPlace) -> Job:
    return _job(settings, chassis.name, (*_in_namespace(chassis.title), *_watched(settings, chassis.name)))


def services_job(settings: Settings) -> Job:
    place = settings.place
    return _job(settings, SERVICES, (*_python(settings), "-m", SUPERVISOR, str(place.root), place.cloud))


def socks_job(settings: Settings) -> Job:
    """microsocks(1) where the operator stands, with the cloud's name server for its own.

    It tells each connection on its standard error, and only later ones than Debian's (1.0.3) know -q.
    """
    etc = settings.place.etc / "operator"
    binds = (
        ("mount", "--bind", str(etc / "resolv.conf"), "/etc/resolv.conf"),
        ("mount", "--bind", str(etc / "nsswitch.conf"), "/etc/nsswitch.conf"),
    )
    script = "\n".join((*map(shlex.join, binds), f"exec microsocks -i 127.0.0.1 -p {SOCKS_PORT} 2> /dev/null"))
    private = ("unshare", "--mount", "--propagation=slave", "sh", "-e", "-c", script)
    return _job(settings, SOCKS, (*_in_namespace(settings.place.part(OPERATOR)), *private))


def proxy_job(settings: Settings) -> Job:
    """A port of this computer's loopback address that leads to microsocks: systemd-socket-proxyd(8)."""
    forward = (SOCKET_PROXY, f"--connections-max={CONNECTIONS}", f"127.0.0.1:{SOCKS_PORT}")
    argv = (*_in_namespace(settings.place.part(OPERATOR)), *forward)
    return _job(settings, PROXY, argv, listen=settings.record.ports["proxy"])


def script_path(settings: Settings, part: str) -> Path:
    """The script that starts a part's daemons."""
    return settings.place.etc / "ovn" / f"{part}.sh"


def _job(settings: Settings, part: str, argv: tuple[str, ...], listen: int | None = None) -> Job:
    return Job(
        name=JobName(settings.place, part),
        argv=argv,
        environment=tuple(python_environment(settings.place).items()),
        output=settings.place.log / f"{part}.log",
        listen=listen,
        restart=True,
    )


def _in_namespace(title: str) -> tuple[str, ...]:
    return ("nsenter", f"--net={NAMESPACES / title}")


def _python(settings: Settings) -> tuple[str, ...]:
    return (str(settings.venv / "bin/python"), "-W", "ignore")


def _watched(settings: Settings, part: str) -> tuple[str, ...]:
    script, state = script_path(settings, part), settings.place.state(part)
    return (*_python(settings), "-m", WATCHED, str(script), str(state))
