"""Connections to machines: made when first needed, kept, made anew after one was lost, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hardway.machines.transport import Transport

Reach = Callable[[str], Awaitable[Transport | None]]
"""Makes a connection to a machine; None where there is no such machine (yet). Raises Unreachable."""


class Connections:
    """One connection a machine."""

    def __init__(self, connect: Reach) -> None:
        self._connect = connect
        self._made: dict[str, asyncio.Task[Transport | None]] = {}

    async def reach(self, machine: str) -> Transport | None:
        """The connection to the machine; None where there is no such machine. Raises Unreachable."""
        task = self._made.get(machine)
        if task is None:
            task = self._made[machine] = asyncio.ensure_future(self._connected(machine))
        transport = None
        try:
            # Several wait for the same connection: one of them that gives up must not take it from the others.
            transport = await asyncio.shield(task)
        finally:
            if transport is None and task.done() and self._made.get(machine) is task:
                del self._made[machine]
        return transport

    async def _connected(self, machine: str) -> Transport | None:
        return await self._connect(machine)

    async def drop(self, machine: str) -> None:
        """Forgets a connection that was lost, or one that is still being made."""
        task = self._made.pop(machine, None)
        if task is not None:
            await _ended(task)

    async def close(self) -> None:
        """Ends all connections."""
        tasks = list(self._made.values())
        self._made.clear()
        await asyncio.gather(*map(_ended, tasks))


async def _ended(task: asyncio.Task[Transport | None]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return
    if not task.cancelled() and task.exception() is None and (transport := task.result()) is not None:
        await transport.close()
