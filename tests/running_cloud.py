"""A real cloud that runs on this computer, as tests use it: by the stock command, and through its proxy."""

from __future__ import annotations

import asyncio
import json
import shlex
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncssh
import pytest

from hardway.cloud import operations
from hardway.cloud.places import CloudPlace
from hardway.cloud.record import Record
from tests.lab.host_snapshot import HostSnapshot

T = TypeVar("T")
PATIENCE = 240.0
"""Seconds; a busy computer is slow."""


@dataclass(frozen=True)
class RunningCloud:
    """A cloud that is up, and how this computer was before."""

    name: str
    before: HostSnapshot

    @property
    def place(self) -> CloudPlace:
        return CloudPlace.of(self.name)

    @property
    def record(self) -> Record:
        return operations.made(self.place)

    def up(self) -> None:
        asyncio.run(operations.up(self.name, None, lambda part, line: None))

    def openstack(self, *arguments: str, admin: bool = False) -> Any:
        """The stock command's answer."""
        command = operations.client_command(self.name, (*arguments, "--format", "json"), admin)
        return json.loads(_output(*command))

    def openstack_all(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """The stock command's answers to several, read from its input by one process of it: it takes seconds to begin.

        Its exit code is 1 then whatever happens (cliff.app.App.run), so the answers are counted.
        """
        command = operations.client_command(self.name, (), False)
        asked = "".join(f"{shlex.join((*words, '--format', 'json'))}\n" for words in commands)
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=PATIENCE)
        try:
            answers = list(_documents(done.stdout))
        except ValueError:
            answers = []
        assert len(answers) == len(commands), done.stdout + done.stderr
        return answers

    def do(self, *arguments: str, admin: bool = False) -> str:
        """A stock command that has no answer but words."""
        return _output(*operations.client_command(self.name, arguments, admin))

    def service(self, name: str) -> dict[str, Any]:
        """What the supervisor last told of a service."""
        told: dict[str, Any] = json.loads(self.place.state("services").read_text())
        return dict(told["services"][name])

    def connect(self, host: str, port: int) -> socket.socket:
        """By the cloud's proxy, which resolves the name: RFC 1928. Raises OSError."""
        made = socket.create_connection(("127.0.0.1", self.record.ports["proxy"]), timeout=10)
        try:
            made.sendall(b"\x05\x01\x00")
            made.recv(2)
            made.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + struct.pack("!H", port))
            answer = made.recv(10)
            if len(answer) < 2 or answer[1] != 0:
                raise ConnectionRefusedError(f"{host}:{port}: {answer!r}")
        except BaseException:
            made.close()
            raise
        return made

    def greeting(self, host: str) -> str | None:
        """What sshd says first; None where nothing answers."""
        try:
            with self.connect(host, 22) as made:
                return made.recv(64).decode() or None
        except OSError:
            return None

    def ssh(self, host: str, key: asyncssh.SSHKey, command: str) -> str:
        """A command's output, as the image's user."""

        async def run() -> str:
            sock = self.connect(host, 22)
            sock.setblocking(False)
            async with asyncssh.connect(sock=sock, username="debian", client_keys=[key], known_hosts=None) as made:
                done = await made.run(command, check=True)
            return str(done.stdout).strip()

        return asyncio.run(run())


def eventually(look: Callable[[], T | None], what: str) -> T:
    """The first answer that is something. Fails the test when there is none in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.2)
    pytest.fail(f"never: {what}")


def _documents(text: str) -> Iterator[Any]:
    """JSON values that follow each other."""
    decoder, left = json.JSONDecoder(), text.strip()
    while left:
        value, end = decoder.raw_decode(left)
        yield value
        left = left[end:].strip()


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout
