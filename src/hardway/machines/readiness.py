"""Whether a unit does its work: its probe, asked through the machine's connection until it holds."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import httpx

from hardway.engine.handler import Resolve
from hardway.machines.scripts import services
from hardway.machines.transport import Transport
from hardway.resources.host import Probe, Unit

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.25
"""Seconds between two questions: at first what a quick start takes, later less often."""

ANSWER_WITHIN: Final = 3.0
"""Seconds for one answer."""

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at whether systemd has given the unit up."""


class NotReady(Exception):
    """A unit did not do its work in time; says what it answered last."""


async def wait_until_ready(
    transport: Transport, unit: Unit, resolve: Resolve, deadline: float, waiting: Callable[[str], None]
) -> None:
    """Returns once the unit does its work. `deadline` as time.monotonic() counts. Raises NotReady, Unreachable."""
    if unit.ready is None:
        await _wait_until_active(transport, unit, deadline)
        return
    async with _asking(transport, unit.ready, resolve) as ask:
        await _wait(transport, unit, ask, deadline, waiting)


async def _wait(
    transport: Transport,
    unit: Unit,
    ask: Callable[[], Awaitable[str | None]],
    deadline: float,
    waiting: Callable[[str], None],
) -> None:
    pause, look_at, told = FIRST_PAUSE, monotonic() + LOOK_EVERY, ""
    while (lacks := await ask()) is not None:
        if lacks != told:
            waiting(lacks)
            told = lacks
        if monotonic() > deadline:
            raise NotReady(f"not ready within {unit.ready_within:g} s: {lacks}")
        if monotonic() > look_at:
            await _still_alive(transport, unit, lacks)
            look_at = monotonic() + LOOK_EVERY
        await asyncio.sleep(pause)  # a port cannot be watched from outside
        pause = min(pause * 1.25, LONGEST_PAUSE)


async def why_not_ready(transport: Transport, unit: Unit, resolve: Resolve) -> str | None:
    """What the unit lacks at this moment; None where it does its work. Raises Unreachable."""
    if unit.ready is None:
        state = await _state(transport, unit)
        return None if state == "active" else f"it is {state}"
    async with _asking(transport, unit.ready, resolve) as ask:
        return await ask()


async def _state(transport: Transport, unit: Unit) -> str:
    result = await transport.run(services.state(unit.unit))
    return result.stdout.decode(errors="replace").strip() or "unknown to systemd"


async def _still_alive(transport: Transport, unit: Unit, lacks: str) -> None:
    if await _state(transport, unit) == "failed":
        raise NotReady(f"systemd gave it up (failed); {lacks}")


async def _wait_until_active(transport: Transport, unit: Unit, deadline: float) -> None:
    while (state := await _state(transport, unit)) != "active":
        if state == "failed" or monotonic() > deadline:
            raise NotReady(f"it is {state}, and shall be active")
        await asyncio.sleep(LONGEST_PAUSE)  # to watch it there would take a process that can outlive its connection


class _asking:
    """An open way to a probe: `async with _asking(...) as ask`; each `ask()` says what is lacking, or None."""

    def __init__(self, transport: Transport, probe: Probe, resolve: Resolve) -> None:
        self._probe = probe
        self._forward = transport.forward(probe.host, probe.port)
        self._verify = _trust(probe, resolve)

    async def __aenter__(self) -> Callable[[], Awaitable[str | None]]:
        socket = await self._forward.__aenter__()
        way = httpx.AsyncHTTPTransport(uds=str(socket), verify=self._verify)
        self._client = httpx.AsyncClient(transport=way, timeout=ANSWER_WITHIN, trust_env=False)
        return self._ask

    async def __aexit__(self, *exception: object) -> None:
        await self._client.aclose()
        await self._forward.__aexit__(None, None, None)

    async def _ask(self) -> str | None:
        probe = self._probe
        where = f"{probe.scheme}://{probe.host}:{probe.port}{probe.path}"
        extensions = {"sni_hostname": probe.server_name} if probe.server_name else {}
        try:
            response = await self._client.get(where, extensions=extensions)
        except httpx.TimeoutException:
            return f"{where} does not answer within {ANSWER_WITHIN:.0f} s"
        except httpx.TransportError as fault:
            return f"{where}: {_said(fault)}"
        return None if response.status_code == 200 else f"{where} answers {response.status_code}: {_last(response)}"


def _trust(probe: Probe, resolve: Resolve) -> ssl.SSLContext | bool:
    if probe.scheme != "https":
        return False
    pem = resolve(probe.ca).decode() if probe.ca else None
    return ssl.create_default_context(cadata=pem)


def _said(fault: httpx.TransportError) -> str:
    """A forwarded port that nobody listens on accepts and closes at once: the way through SSH knows no refusal."""
    text = str(fault)
    return text if "CERTIFICATE" in text or "certificate" in text else "nothing answers"


def _last(response: httpx.Response) -> str:
    lines = [line for line in response.text.splitlines() if line.strip() and not line.startswith("[+]")]
    return "; ".join(lines[:3])[:200]
