"""A real sshd on a loopback port, in a mount namespace where /etc and hardway's folders are throw-away copies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from hardway.machines.provider import Endpoint

INSIDE = """set -e
mount -t tmpfs tmpfs {scratch}
mkdir {scratch}/upper {scratch}/work {scratch}/empty
mount -t overlay overlay -o lowerdir=/etc,upperdir={scratch}/upper,workdir={scratch}/work /etc
mkdir -p /var/lib/hardway /var/cache/hardway /run/sshd
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/cache
mount -t tmpfs tmpfs /opt
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f {config}
"""


@dataclass
class Sshd:
    """A running sshd, and how to reach it."""

    process: subprocess.Popen[bytes]
    endpoint: Endpoint
    folder: Path

    def kill(self) -> None:
        """As a power cut: nothing is told to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _config(folder: Path, port: int) -> str:
    return f"""Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
PidFile none
"""


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("sshd does not come up")


@pytest.fixture
def new_sshd(tmp_path: Path) -> Iterator[Callable[[], Sshd]]:
    """Starts an sshd; all are ended with the test."""
    started: list[Sshd] = []

    def start() -> Sshd:
        folder = tmp_path / f"sshd-{len(started)}"
        (folder / "scratch").mkdir(parents=True)
        for name in ("host", "client"):
            asyncssh.generate_private_key("ssh-ed25519").write_private_key(folder / name)
            (folder / name).chmod(0o600)
        client, host = (asyncssh.read_private_key(folder / name) for name in ("client", "host"))
        (folder / "authorized").write_bytes(client.export_public_key())
        port = _free_port()
        (folder / "config").write_text(_config(folder, port))
        inside = INSIDE.format(scratch=folder / "scratch", config=folder / "config")
        command = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inside)
        log = (folder / "log").open("wb")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        key = host.export_public_key().decode().strip()
        endpoint = Endpoint("m0", "127.0.0.1", port, "root", folder / "client", key)
        started.append(Sshd(process, endpoint, folder))
        _wait_for(process, port)
        return started[-1]

    yield start
    for sshd in started:
        if sshd.process.poll() is None:
            sshd.kill()


@pytest.fixture
def sshd(new_sshd: Callable[[], Sshd]) -> Sshd:
    assert os.geteuid() == 0, "this test needs root"
    return new_sshd()


@pytest.fixture
def unused(sshd: Sshd) -> Endpoint:
    """An endpoint where nobody listens."""
    return replace(sshd.endpoint, port=_free_port())
