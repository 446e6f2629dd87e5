"""Many real SSH sessions at once to one real sshd of this computer's, on a free port of the loopback address.

Its keys, configuration and log are in a temporary directory; it ends with the bench. Each session is a connection of
its own, as to a machine of its own, and asks what a look at a worker asks.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.children import timed
from bench.report import BenchFailed
from hardway.components.facts import DEFAULT_FACTS
from hardway.components.registry import wanted
from hardway.machines.answers import parse
from hardway.machines.provider import Endpoint
from hardway.machines.questions import observe_script
from hardway.machines.ssh import connect
from hardway.resources.base import Content
from hardway.spec.model import Cluster

SEPARATION: Final = Path("/run/sshd")
"""Where sshd wants an empty directory (sshd(8), FILES)."""

PEERS: Final = 20
"""Sessions of OpenSSH's own client, for the comparison."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """What many sessions took."""

    seconds: float
    processor: float
    """Seconds of this process alone, sshd and the scripts not counted."""
    sessions: int
    peer: float
    """Seconds of processor time of one session of OpenSSH's client."""

    @property
    def note(self) -> str:
        return f"connected, looked at and parsed; {self.sessions / self.seconds:.0f} a second"

    @property
    def peer_note(self) -> str:
        return f"{self.peer * 1000:.1f} ms"


@dataclass(frozen=True, slots=True)
class Sshd:
    """An sshd that listens."""

    folder: Path
    port: int

    @property
    def client_key(self) -> Path:
        return self.folder / "client"

    def endpoint(self, number: int) -> Endpoint:
        key = (self.folder / "host.pub").read_text().strip()
        return Endpoint(f"session-{number}", "127.0.0.1", self.port, getpass.getuser(), self.client_key, key)


async def measure(sessions: int) -> Sessions:
    """All sessions at once. Raises BenchFailed where sshd does not start, Unreachable where a session fails."""
    async with _sshd() as server:
        script = _script()
        began, used = perf_counter(), _processor()
        await asyncio.gather(*(_session(server.endpoint(number), script) for number in range(sessions)))
        took, processor = perf_counter() - began, _processor() - used
        peers = [(await timed(_openssh(server))).processor for _ in range(PEERS)]
    return Sessions(took, processor, sessions, sum(peers) / PEERS)


def _script() -> str:
    """What is asked of a worker."""
    cluster = Cluster(name="bench")
    facts = {machine.name: DEFAULT_FACTS for machine in cluster.all_machines}
    worker = cluster.workers[0].name
    resources = wanted(cluster, facts, Content.of("https://127.0.0.1:6443"))
    return observe_script([one for one in resources if one.machine == worker])


async def _session(endpoint: Endpoint, script: str) -> None:
    transport = await connect(endpoint)
    try:
        parse((await transport.run(script)).stdout)
    finally:
        await transport.close()


def _openssh(server: Sshd) -> tuple[str, ...]:
    options = {
        "IdentityFile": str(server.client_key),
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(server.folder / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    chosen = (f"-o{name}={value}" for name, value in options.items())
    return ("ssh", "-F", "none", *chosen, "-p", str(server.port), "127.0.0.1", ":")


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@asynccontextmanager
async def _sshd() -> AsyncIterator[Sshd]:
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise BenchFailed("there is no sshd here", "`apt-get install openssh-server` brings it")
    with tempfile.TemporaryDirectory(prefix="hardway-bench-") as folder, _separation():
        server = Sshd(Path(folder), _free_port())
        _configure(server)
        with (server.folder / "log").open("wb") as log:
            child = _start(program, server, log.fileno())
        try:
            await _until_it_listens(server, child)
            yield server
        finally:
            child.terminate()
            child.wait()


def _start(program: str, server: Sshd, log: int) -> subprocess.Popen[bytes]:
    argv = (program, "-D", "-e", "-f", str(server.folder / "config"))
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@contextmanager
def _separation() -> Iterator[None]:
    """The directory, taken away again where it was not there."""
    missing = not SEPARATION.exists()
    if missing:
        SEPARATION.mkdir(mode=0o755)
    try:
        yield
    finally:
        if missing:
            SEPARATION.rmdir()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _configure(server: Sshd) -> None:
    for name in ("host", "client"):
        argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(server.folder / name))
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    public = (server.folder / "host.pub").read_text()
    (server.folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {public}")
    (server.folder / "config").write_text(f"""\
ListenAddress 127.0.0.1:{server.port}
HostKey {server.folder}/host
AuthorizedKeysFile {server.folder}/client.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 1000
""")


async def _until_it_listens(server: Sshd, child: subprocess.Popen[bytes]) -> None:
    """Raises BenchFailed where it ends instead, or takes more than ten seconds."""
    deadline = perf_counter() + 10
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError as fault:
            if child.poll() is not None or perf_counter() > deadline:
                raise BenchFailed("sshd does not listen", (server.folder / "log").read_text()) from fault
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
