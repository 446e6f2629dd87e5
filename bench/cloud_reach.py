"""Reaches floating addresses of the embedded cloud by its SOCKS proxy: the first answer, a command, a transfer."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any, Final
from urllib.parse import urlsplit

import asyncssh

from bench.report import BenchFailed

WITHIN: Final = 300.0
PAUSE: Final = 0.05
"""Seconds."""
USER: Final = "debian"


def connect(cloud: Any, address: str, port: int) -> socket.socket:
    """By RFC 1928. Raises OSError."""
    proxy = urlsplit(cloud.config.config["hardway"]["proxy"])
    made = socket.create_connection((proxy.hostname, proxy.port), timeout=10)
    try:
        made.sendall(b"\x05\x01\x00")
        made.recv(2)
        made.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(address) + struct.pack("!H", port))
        answer = made.recv(10)
        if len(answer) < 2 or answer[1] != 0:
            raise ConnectionRefusedError(f"{address}:{port}")
    except BaseException:
        made.close()
        raise
    return made


def answers(cloud: Any, address: str, port: int) -> None:
    """Returns with the first byte that comes from there. Raises BenchFailed."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        try:
            with connect(cloud, address, port) as made:
                if made.recv(1):
                    return
        except OSError:
            time.sleep(PAUSE)
    raise BenchFailed(f"{address}:{port} does not answer within {WITHIN:.0f} s")


def drain(cloud: Any, address: str, port: int) -> float:
    """Seconds until all that comes from there has come."""
    began = time.monotonic()
    with connect(cloud, address, port) as made:
        while made.recv(1 << 20):
            pass
    return time.monotonic() - began


def run_on(cloud: Any, address: str, key: asyncssh.SSHKey, command: str) -> str:
    """A command's output on a server. The bench made it a moment ago and asks nothing of its host key."""

    async def work() -> str:
        made = connect(cloud, address, 22)
        made.setblocking(False)
        options = {"username": USER, "client_keys": [key], "known_hosts": None}
        async with asyncssh.connect(sock=made, **options) as connection:
            return str((await connection.run(command, check=True)).stdout)

    return asyncio.run(work())
