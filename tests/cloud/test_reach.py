"""The way in is what answers, not what is held: a forward to a dead proxy accepts connections, and closes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hardway.cloud import reach

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert await reader.readexactly(3) == b"\x05\x01\x00"
    writer.write(b"\x05\x00")
    writer.close()


async def wants_a_password(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(3)
    writer.write(b"\x05\xff")
    writer.close()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("serve", "speaks"), [(takes, True), (wants_a_password, False), (closes, False)])
async def test_a_proxy_is_one_that_takes_the_greeting(serve: Serve, speaks: bool) -> None:
    async with listening(serve) as port:
        assert await reach.speaks_socks(port) is speaks
        assert await reach.accepts(port)


async def test_one_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "WITHIN", 0.05)
    async with listening(is_silent) as port:
        assert not await reach.speaks_socks(port)


async def test_nobody_is_there() -> None:
    async with listening(closes) as port:
        pass
    assert not await reach.accepts(port)
    assert not await reach.speaks_socks(port)
