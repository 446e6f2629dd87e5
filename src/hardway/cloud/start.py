"""Starts the cloud's processes and waits until all of them are ready.

What runs is left alone, so a second start brings back only what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

from hardway.cloud.configuration.settings import Settings
from hardway.cloud.faults import CloudFault
from hardway.cloud.jobs import central_job, chassis_job, proxy_job, script_path, services_job, socks_job
from hardway.cloud.notices import Notices, listening, state
from hardway.cloud.ovn.scripts import central_script, chassis_script
from hardway.cloud.parts import Progress
from hardway.cloud.places import CENTRAL, PROXY, SERVICES, SOCKS, CloudPlace
from hardway.cloud.reach import speaks_socks
from hardway.cloud.services.table import SERVICES as TABLE
from hardway.lab.cgroups import Keeper
from hardway.lab.faults import PortInUse
from hardway.lab.files import write
from hardway.lab.jobs import Job

OVN_SECONDS = 120.0
SERVICES_SECONDS = 600.0
"""The longest that a busy computer may take."""
MOST_RESTARTS = 3
"""A service that ended so often while it started is not waited for any longer."""
PROXY_SECONDS = 30.0
PAUSE = 0.1
"""Seconds between two greetings of the proxy, which tells nobody when it listens."""
LAST_LINES = 15


async def start(settings: Settings, keeper: Keeper, progress: Progress) -> None:
    """Everything. Raises LabFault, with the last lines of what did not start."""
    _write_scripts(settings)
    place = settings.place
    running = await keeper.running(place)

    async def ensure(job: Job) -> None:
        if job.name.name not in running:
            place.state(job.name.name).unlink(missing_ok=True)
            await keeper.kill(job.name)
            await keeper.start(job)

    with listening(place) as notices:
        # The services take seconds to load; meanwhile OVN is up.
        await ensure(services_job(settings))
        await ensure(central_job(settings))
        await notices.until(lambda: _served(place, CENTRAL, progress), OVN_SECONDS, "OVN's centre")
        for number in range(1, settings.record.chassis + 1):
            await ensure(chassis_job(settings, place.chassis(number)))
        await ensure(socks_job(settings))
        await ensure(proxy_job(settings))
        await _all_ready(settings, notices, progress)
    for number in range(1, settings.record.chassis + 1):
        place.chassis(number).off.unlink(missing_ok=True)  # its compute plugs into what runs now
    await _way_in(settings, progress)


def _write_scripts(settings: Settings) -> None:
    place = settings.place
    write(script_path(settings, CENTRAL), central_script(settings), 0o600)
    for number in range(1, settings.record.chassis + 1):
        chassis = place.chassis(number)
        chassis.run.mkdir(parents=True, exist_ok=True)
        write(script_path(settings, chassis.name), chassis_script(settings, chassis), 0o600)


async def _all_ready(settings: Settings, notices: Notices, progress: Progress) -> None:
    """Chassis and services, each told when it is ready."""
    place = settings.place
    names = [place.chassis(number).name for number in range(1, settings.record.chassis + 1)]
    told: set[str] = set()
    before = {service.name: _restarts(place, service.name) for service in TABLE}

    def once(name: str, line: str) -> None:
        if name not in told:
            told.add(name)
            progress(name, line)

    def look() -> bool | None:
        _refuse_taken_port(place)
        chassis = [_served(place, name, once) for name in names]
        services = [_ready(place, service.name, before, once) for service in TABLE]
        return all((*chassis, *services)) or None

    try:
        await notices.until(look, SERVICES_SECONDS, "the services")
    except CloudFault as fault:
        late = [service.name for service in TABLE if service.name not in told]
        evidence = tail(place, late[0] if late else SERVICES)
        raise CloudFault(f"{fault.what}: {', '.join(late)}", fault.evidence or evidence, fault.advice) from fault


def _refuse_taken_port(place: CloudPlace) -> None:
    """Raises PortInUse where the services gave up because of one."""
    told = state(place, SERVICES)
    if told.get("state") == "failed" and "port" in told:
        raise PortInUse(int(told["port"]), "taken by another program meanwhile", "`hardway cloud up` chooses another")


async def _way_in(settings: Settings, progress: Progress) -> None:
    """Wait until the operator's proxy answers. Raises CloudFault."""
    port, deadline = settings.record.ports[PROXY], monotonic() + PROXY_SECONDS
    while not await speaks_socks(port):
        if monotonic() > deadline:
            what = f"the proxy at port {port} does not answer after {PROXY_SECONDS:g} s"
            advice = f"`hardway cloud logs {SOCKS}` has what it says; is microsocks there, and does it run?"
            raise CloudFault(what, tail(settings.place, SOCKS), advice)
        await asyncio.sleep(PAUSE)
    progress(PROXY, f"answers at port {port}")


def _served(place: CloudPlace, part: str, progress: Progress) -> bool | None:
    """Whether daemons serve; None while they start. Raises CloudFault."""
    told = state(place, part)
    if told.get("state") == "failed":
        raise CloudFault(f"{part} did not start: {told.get('why')}", tail(place, part))
    if told.get("state") != "ready":
        return None
    progress(part, f"ready after {told.get('seconds')} s")
    return True


def _ready(place: CloudPlace, name: str, before: Mapping[str, int], progress: Progress) -> bool:
    """Whether a service serves, or a task is done. Raises CloudFault for one that always ends."""
    told = _service(place, name)
    if told.get("state") in ("ready", "done"):
        progress(name, f"{told['state']} after {told.get('seconds')} s")
        return True
    if _restarts(place, name) >= before[name] + MOST_RESTARTS:
        raise CloudFault(
            f"{name} does not start: it ended with {told.get('ended')}",
            tail(place, name),
            f"`hardway cloud logs {name}` has it all",
        )
    return False


def _service(place: CloudPlace, name: str) -> Mapping[str, Any]:
    services: Mapping[str, Mapping[str, Any]] = state(place, SERVICES).get("services", {})
    return services.get(name, {})


def _restarts(place: CloudPlace, name: str) -> int:
    """How often it was started anew since the supervisor started."""
    return int(_service(place, name).get("restarts", 0))


def tail(place: CloudPlace, name: str) -> str:
    """The last lines of a part's log."""
    try:
        lines = (place.log / f"{name}.log").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-LAST_LINES:])
