"""Whether the operator's way into a cloud answers. Touches the proxy's loopback port."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hardway.cloud.record import LOOPBACK

WITHIN = 2.0
"""Seconds for an answer."""
GREETING, ACCEPTED = b"\x05\x01\x00", b"\x05\x00"
"""SOCKS 5, one way to log in: none; and the answer that takes it (RFC 1928, section 3)."""


async def accepts(port: int) -> bool:
    """Whether anybody listens there."""
    return await _ask(port, b"", b"")


async def speaks_socks(port: int) -> bool:
    """Whether a SOCKS proxy answers there: the forward to it accepts connections also while it is dead."""
    return await _ask(port, GREETING, ACCEPTED)


async def _ask(port: int, said: bytes, wanted: bytes) -> bool:
    try:
        async with asyncio.timeout(WITHIN):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(said)
                return await reader.readexactly(len(wanted)) == wanted
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
