"""Lets a program stand where the operator stands, and still reach the APIs, which listen outside on loopback.

Tempest speaks with the APIs on one side, and with servers by ping and SSH at floating addresses on the other. So it
runs in the operator's network namespace, where each API's port is opened on loopback and leads out:
systemd-socket-activate(1) listens inside, systemd-socket-proxyd(8) connects outside.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

PROXY: Final = "/usr/lib/systemd/systemd-socket-proxyd"
LISTENS_WITHIN: Final = 10.0
"""Seconds."""


def inside(namespace: str) -> tuple[str, ...]:
    """The beginning of a command that runs there."""
    return ("nsenter", f"--net=/run/netns/{namespace}")


@contextmanager
def ways_in(namespace: str, ports: Sequence[int]) -> Iterator[None]:
    """Open while the block runs. Raises TimeoutError."""
    outside = ("nsenter", f"--net=/proc/{os.getpid()}/ns/net", PROXY, "--connections-max=1024")
    opened = [
        subprocess.Popen(
            (*inside(namespace), "systemd-socket-activate", f"--listen={port_at(port)}", *outside, port_at(port)),
            stderr=subprocess.DEVNULL,
        )
        for port in ports
    ]
    try:
        _await_all(namespace, ports)
        yield
    finally:
        for one in opened:
            one.terminate()
        for one in opened:
            one.wait()


def port_at(port: int) -> str:
    return f"127.0.0.1:{port}"


def _await_all(namespace: str, ports: Sequence[int]) -> None:
    """systemd-socket-activate tells nobody that it listens: the kernel is asked."""
    deadline = time.monotonic() + LISTENS_WITHIN
    while missing := [port for port in ports if not _listens(namespace, port)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody listens on {missing} in {namespace}")
        time.sleep(0.1)


def _listens(namespace: str, port: int) -> bool:
    command = (*inside(namespace), "ss", "-Hltn", f"sport = :{port}")
    return bool(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
