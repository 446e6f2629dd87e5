"""The way to a machine over SSH: the only file that imports asyncssh. It touches the network and nothing else."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from shlex import quote
from socket import gaierror
from typing import Final

import asyncssh

from hardway.machines.provider import Endpoint
from hardway.machines.transport import Result, Unreachable

CONNECT_WITHIN: Final = 15.0
"""Seconds for the TCP connection, and the same again for key exchange and authentication."""

KEEPALIVE_EVERY: Final = 2.0
KEEPALIVE_MISSES: Final = 3
"""A machine that answers none of three keepalives, two seconds apart, is taken for dead."""

SESSIONS: Final = 8
"""Sessions at once over one connection; sshd allows 10 (MaxSessions, sshd_config(5))."""

LET_GO_WITHIN: Final = 2.0
"""Seconds that a held script has to end once its input has ended; then the session is closed all the same."""

BEAT: Final = 15.0
"""Seconds between two signs of life to a held script."""

CHUNK: Final = 256 * 1024

BLOBS: Final = "/var/cache/hardway/blobs"
"""Where blobs are put on a machine that does not share the operator's cache."""

CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
"""AES-GCM first: it is several times faster here than ChaCha20, which is other clients' first choice."""


async def connect(endpoint: Endpoint) -> SshTransport:
    """A connection to the machine, its host key verified against the pinned one. Raises Unreachable."""
    if endpoint.jump is None:
        return SshTransport(endpoint, await _connected(endpoint, None))
    try:
        tunnel = await _connected(endpoint.jump, None)
    except Unreachable as fault:
        raise Unreachable(endpoint.machine, f"its jump host {fault}") from fault
    try:
        return SshTransport(endpoint, await _connected(endpoint, tunnel), tunnel)
    except BaseException:
        tunnel.abort()
        raise


async def _connected(endpoint: Endpoint, tunnel: asyncssh.SSHClientConnection | None) -> asyncssh.SSHClientConnection:
    where = f"{endpoint.user}@{endpoint.host} port {endpoint.port}"
    host_key, client_key = _host_key(endpoint), _client_key(endpoint)
    try:
        return await _connect(endpoint, host_key, client_key, tunnel)
    except (asyncssh.Error, OSError, TimeoutError) as fault:
        raise Unreachable(endpoint.machine, f"{_said(fault, endpoint)} ({where})") from fault


async def _connect(
    endpoint: Endpoint,
    host_key: asyncssh.SSHKey,
    client_key: asyncssh.SSHKey,
    tunnel: asyncssh.SSHClientConnection | None,
) -> asyncssh.SSHClientConnection:
    sock = await endpoint.connect() if endpoint.connect is not None else None
    if sock is not None:
        sock.setblocking(False)
    return await asyncssh.connect(
        endpoint.host,
        endpoint.port,
        tunnel=tunnel,
        sock=sock,
        config=None,  # the user's own ~/.ssh/config must not change what a cluster is built with
        username=endpoint.user,
        known_hosts=([host_key], [], []),
        client_keys=[client_key],
        agent_path=None,
        preferred_auth="publickey",
        gss_host=None,
        compression_algs=None,
        encryption_algs=CIPHERS,
        connect_timeout=CONNECT_WITHIN,
        login_timeout=CONNECT_WITHIN,
        keepalive_interval=KEEPALIVE_EVERY,
        keepalive_count_max=KEEPALIVE_MISSES,
    )


def _host_key(endpoint: Endpoint) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(endpoint.host_key)
    except asyncssh.KeyImportError as fault:
        why = f"its pinned host key is no public key ({fault}); pin it as known_hosts has it: ssh-ed25519 AAAA..."
        raise Unreachable(endpoint.machine, why) from fault


def _client_key(endpoint: Endpoint) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(endpoint.client_key)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as fault:
        why = f"the key to log in with, {endpoint.client_key}, cannot be used: {fault}"
        raise Unreachable(endpoint.machine, why) from fault


def _said(fault: Exception, endpoint: Endpoint) -> str:
    """Why there is no connection, in plain words, and the way out."""
    match fault:
        case asyncssh.HostKeyNotVerifiable():
            return (
                "its host key is not the pinned one: either this is another machine, or it was made anew; "
                "compare the key on its console before you pin the new one"
            )
        case asyncssh.PermissionDenied():
            return (
                f"it does not let {endpoint.user} in with the key {endpoint.client_key}; "
                f"is its public half in {endpoint.user}'s authorized_keys there?"
            )
        case ConnectionRefusedError():
            return "it refuses connections; is it up, and does sshd run there?"
        case ConnectionResetError() | asyncssh.ConnectionLost():
            return (
                "it ended the handshake: it has no host key of the pinned one's kind, or too many connect at once "
                "(MaxStartups); its sshd's log says more"
            )
        case TimeoutError():
            return f"it does not answer within {CONNECT_WITHIN:.0f} s; is it up, and the network between us?"
        case gaierror():
            return f"the name {endpoint.host} does not resolve"
        case asyncssh.Error():
            return f"the SSH handshake failed: {fault.reason}; its sshd's log says more"
    return f"no connection: {fault.strerror or fault}" if isinstance(fault, OSError) else f"no connection: {fault}"


def bootstrap(size: int, sudo: bool) -> str:
    """The command that reads a script of that many bytes from its input and runs it; what follows is its input.

    The script is nobody's argument, so no process list shows it. One that arrives cut short is not run at all.
    """
    read = f"LC_ALL=C; export LC_ALL; s=$(head -c {size}; printf x); "
    check = f'[ "${{#s}}" -eq {size + 1} ] || exit 255; '
    evaluate = 'eval "${s%x}"'
    shell = f"/bin/sh -c {quote(read + check + evaluate)}"
    return f"exec sudo -n -- {shell}" if sudo else f"exec {shell}"


class SshTransport:
    """One SSH connection, many sessions; where there is a jump host, with a connection to it of its own."""

    def __init__(
        self,
        endpoint: Endpoint,
        connection: asyncssh.SSHClientConnection,
        tunnel: asyncssh.SSHClientConnection | None = None,
    ) -> None:
        self.machine = endpoint.machine
        self.blobs = endpoint.blobs
        self._sudo = endpoint.user != "root"
        self._connection = connection
        self._tunnel = tunnel
        self._sessions = asyncio.Semaphore(SESSIONS)

    async def run(self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None) -> Result:
        """See Transport.run."""
        return await self._run(script, _once(stdin), on_line)

    async def _run(
        self, script: str, stdin: AsyncIterator[bytes], on_line: Callable[[str], None] | None = None
    ) -> Result:
        data = script.encode()
        if b"\0" in data:
            raise ValueError("a script holds no NUL")
        async with self._sessions:
            try:
                return await self._session(data, stdin, on_line)
            except (asyncssh.Error, ConnectionError) as fault:
                why = getattr(fault, "reason", None) or str(fault)
                raise Unreachable(self.machine, f"the connection was lost while it worked: {why}") from fault

    async def _session(
        self, script: bytes, stdin: AsyncIterator[bytes], on_line: Callable[[str], None] | None
    ) -> Result:
        command = bootstrap(len(script), self._sudo)
        async with await self._connection.create_process(command, encoding=None) as process:
            out, err = await _together(_lines(process, on_line), process.stderr.read(), _feed(process, script, stdin))
            await process.wait_closed()
        if process.exit_status is None and process.exit_signal is None:
            raise Unreachable(self.machine, "the connection was lost while it worked")
        code = process.returncode
        return Result(255 if code is None else code, out, _bytes(err))

    @asynccontextmanager
    async def hold(self, script: str) -> AsyncIterator[str]:
        """See Transport.hold. It takes a session beyond those of `run`: sshd allows ten, and `run` takes eight."""
        data = script.encode()
        try:
            process = await self._connection.create_process(bootstrap(len(data), self._sudo), encoding=None)
            process.stdin.write(data)
            line = _bytes(await process.stdout.readline())
        except (asyncssh.Error, ConnectionError) as fault:
            raise Unreachable(self.machine, f"the connection was lost: {fault}") from fault
        beating = asyncio.create_task(_beat(process))
        try:
            yield line.decode(errors="replace").rstrip("\n")
        finally:
            beating.cancel()
            # The machine may be gone by now, which ends the script as well.
            with suppress(asyncssh.Error, OSError, TimeoutError):
                async with asyncio.timeout(LET_GO_WITHIN):
                    process.stdin.write_eof()
                    await process.wait_closed()
            process.close()

    async def put(self, source: Path, sha256: str) -> str:
        """See Transport.put. Raises Unreachable, and OSError where the blob cannot be stored or arrives altered."""
        if self.blobs is not None:
            return f"{self.blobs}/{sha256}"
        path = f"{BLOBS}/{sha256}"
        if (await self.run(f"printf '%s  %s\\n' {quote(sha256)} {quote(path)} | sha256sum -c --status")).exit_code == 0:
            return path
        result = await self._run(_receive(path, sha256), _gzipped(source))
        if result.exit_code != 0:
            said = result.stderr.decode(errors="replace").strip()
            raise OSError(f"{self.machine}: {source.name} could not be stored in {BLOBS}: {said}")
        return path

    @asynccontextmanager
    async def forward(self, host: str, port: int) -> AsyncIterator[Path]:
        """See Transport.forward."""
        directory = Path(tempfile.mkdtemp(prefix="hardway-"))
        path = directory / "port"
        try:
            listener = await self._connection.forward_local_path_to_port(str(path), host, port)
            try:
                yield path
            finally:
                listener.close()
                await listener.wait_closed()
        except asyncssh.Error as fault:
            raise Unreachable(self.machine, f"its port {port} cannot be reached: {fault.reason}") from fault
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    async def close(self) -> None:
        """Ends the connection; one to a dead machine without waiting for its answer."""
        self._connection.close()
        try:
            async with asyncio.timeout(1.0):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()
        finally:
            if self._tunnel is not None:
                self._tunnel.abort()


def _receive(path: str, sha256: str) -> str:
    """The script that stores what it reads, once it is whole."""
    return f"""set -eu; umask 077
mkdir -p -- {quote(BLOBS)}
rm -f -- {quote(path)}.*
new={quote(path)}.$$
trap 'rm -f -- "$new"' EXIT
gzip -dc > "$new"
printf '%s  %s\\n' {quote(sha256)} "$new" | sha256sum -c --status || {{ echo 'it arrived altered' >&2; exit 1; }}
mv -f -- "$new" {quote(path)}
"""


async def _once(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data


async def _gzipped(source: Path) -> AsyncIterator[bytes]:
    """The file in gzip's format (RFC 1952); level 1, since the network beneath is seldom slower than a higher one."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    with source.open("rb") as file:
        while data := await asyncio.to_thread(file.read, CHUNK):
            if packed := await asyncio.to_thread(packer.compress, data):
                yield packed
    yield packer.flush()


async def _beat(process: asyncssh.SSHClientProcess[bytes]) -> None:
    """Until it is cancelled, or the machine or the script is gone."""
    with suppress(asyncssh.Error, OSError):
        while True:
            await asyncio.sleep(BEAT)
            process.stdin.write(b".")
            await process.stdin.drain()


async def _together(
    out: Coroutine[None, None, bytes], err: Coroutine[None, None, bytes | str], feed: Coroutine[None, None, None]
) -> tuple[bytes, bytes | str]:
    """All three, or the first failure as it is (a task group would wrap it)."""
    reading, reading_errors, feeding = asyncio.create_task(out), asyncio.create_task(err), asyncio.create_task(feed)
    try:
        await asyncio.gather(reading, reading_errors, feeding)
        return reading.result(), reading_errors.result()
    finally:
        for task in (reading, reading_errors, feeding):
            task.cancel()
        await asyncio.gather(reading, reading_errors, feeding, return_exceptions=True)


async def _feed(process: asyncssh.SSHClientProcess[bytes], script: bytes, stdin: AsyncIterator[bytes]) -> None:
    try:
        process.stdin.write(script)
        async for data in stdin:
            await process.stdin.drain()
            process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.write_eof()
    except BrokenPipeError:
        return  # it ended before it had read all; its exit code and last words say why


async def _lines(process: asyncssh.SSHClientProcess[bytes], on_line: Callable[[str], None] | None) -> bytes:
    received = bytearray()
    told = 0
    while data := _bytes(await process.stdout.read(CHUNK)):
        received += data
        while on_line is not None and (end := received.find(b"\n", told)) >= 0:
            on_line(received[told:end].decode(errors="replace"))
            told = end + 1
    if on_line is not None and told < len(received):
        on_line(received[told:].decode(errors="replace"))
    return bytes(received)


def _bytes(data: bytes | str) -> bytes:
    return data if isinstance(data, bytes) else data.encode()
