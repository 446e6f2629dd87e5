"""Restarts a machine whose distribution asks for it, and waits until it is back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from hardway.engine.handler import Context, StepFailed
from hardway.machines.connections import Connections
from hardway.machines.shell import PATH
from hardway.machines.transport import Unreachable
from hardway.plan.steps import Step

WITHIN: Final = 600.0
"""Seconds until the machine must answer again: a server's firmware takes minutes."""

PAUSE: Final = 0.5
"""Seconds between two attempts to reach it: nothing can be watched while it is away."""

_BOOT: Final = "read -r id < /proc/sys/kernel/random/boot_id; echo $id\n"
"""Says which boot this is: a new one has another id (random(4), boot_id)."""

_RESTART: Final = f"PATH={PATH}; exec systemctl --no-block reboot\n"


async def reboot(step: Step, connections: Connections, context: Context) -> None:
    """Restart it and wait for another boot of it. Raises StepFailed, and Unreachable where it is not there before."""
    machine = step.machine
    before = await _boot(machine, connections)
    with suppress(Unreachable):  # it may go before it has answered
        await _run(_RESTART, machine, connections)
    try:
        async with asyncio.timeout(WITHIN):
            await _another_boot(before, step, connections, context)
    except TimeoutError:
        what = f"{machine} was restarted, and did not come back within {WITHIN:.0f} s"
        raise StepFailed(step.id, what, advice="look at its console; then `hardway up` goes on from here") from None


async def _another_boot(before: str, step: Step, connections: Connections, context: Context) -> None:
    while True:
        now = await _boot_or_silence(step, connections, context)
        if now not in ("", before):
            return
        await asyncio.sleep(PAUSE)


async def _boot_or_silence(step: Step, connections: Connections, context: Context) -> str:
    """The id of its boot, by a new connection; empty while it does not answer."""
    await connections.drop(step.machine)
    try:
        return await _boot(step.machine, connections)
    except Unreachable as fault:
        context.waiting(step.id, str(fault))
        return ""


async def _boot(machine: str, connections: Connections) -> str:
    return (await _run(_BOOT, machine, connections)).decode(errors="replace").strip()


async def _run(script: str, machine: str, connections: Connections) -> bytes:
    transport = await connections.reach(machine)
    if transport is None:
        raise Unreachable(machine, "the machine is not there")
    return (await transport.run(script)).stdout
