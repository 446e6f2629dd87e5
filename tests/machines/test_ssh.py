"""The SSH transport against a real sshd: what it carries, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from shlex import quote

import asyncssh
import httpx
import pytest

from hardway.machines.provider import Endpoint
from hardway.machines.ssh import SshTransport, bootstrap, connect
from hardway.machines.transport import Unreachable
from hardway.openstack.ways import log_in, through_proxy
from tests.machines.conftest import Sshd

pytestmark = pytest.mark.root


@pytest.fixture
async def machine(sshd: Sshd):  # type: ignore[no-untyped-def]  # an async generator fixture's type says nothing more
    transport = await connect(sshd.endpoint)
    yield transport
    await transport.close()


async def test_a_script_answers_with_its_output_and_exit_code(machine: SshTransport) -> None:
    result = await machine.run("printf 'a\\0b'; echo oops >&2; exit 7")
    assert (result.exit_code, result.stdout, result.stderr) == (7, b"a\0b", b"oops\n")


async def test_the_input_follows_the_script(machine: SshTransport) -> None:
    data = random.Random(1).randbytes(700_000)
    result = await machine.run("sha256sum", stdin=data)
    assert result.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        'it\'s "quoted" $HOME `id` \\ %s %n',
        "Grüße, 世界\n",
        "x" * 300_000,
        "".join(map(chr, range(1, 256))),
    ],
)
async def test_every_text_arrives_as_it_is(machine: SshTransport, text: str) -> None:
    result = await machine.run(f"printf %s {quote(text)}")
    assert result.stdout == text.encode()


async def test_lines_are_told_as_they_come(machine: SshTransport) -> None:
    lines: list[str] = []
    first = asyncio.Event()

    def told(line: str) -> None:
        lines.append(line)
        first.set()

    running = asyncio.ensure_future(machine.run("echo one; read -r x; echo two; printf three", on_line=told))
    await asyncio.wait_for(first.wait(), 5)
    await running
    assert lines == ["one", "two", "three"]


async def test_much_goes_through_in_both_directions_and_none_of_it_is_kept(machine: SshTransport) -> None:
    sent, received = b"0123456789abcdef" * 200_000, bytearray()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(sent), 100_000):
            yield sent[start : start + 100_000]

    result = await machine.pipe("cat; echo oops >&2; exit 7", received.extend, pieces())
    assert (result.exit_code, result.stdout, result.stderr) == (7, b"", b"oops\n")
    assert received == sent


async def test_no_process_list_shows_the_script(machine: SshTransport) -> None:
    script = ": TOPSECRET; cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    shown = (await machine.run(script)).stdout
    assert b"head -c" in shown  # the list is really there
    assert b"TOPSECRET" not in shown


async def test_a_script_cut_short_is_not_run(sshd: Sshd) -> None:
    script = b"echo started; rm -rf /opt/data-of-somebody"
    async with asyncssh.connect(
        "127.0.0.1",
        sshd.endpoint.port,
        username="root",
        client_keys=[str(sshd.endpoint.client_key)],
        known_hosts=None,
        config=None,
    ) as connection:
        process = await connection.create_process(bootstrap(len(script), False), encoding=None)
        process.stdin.write(script[:-12])
        process.stdin.write_eof()
        result = await process.wait()
    assert result.exit_status == 255
    assert result.stdout == b""


async def test_many_sessions_at_once(machine: SshTransport) -> None:
    results = await asyncio.gather(*(machine.run(f"echo {n}") for n in range(60)))
    assert [int(result.stdout) for result in results] == list(range(60))


async def test_a_blob_is_carried_once_and_verified(machine: SshTransport, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(100_000) + bytes(2_000_000)
    source = tmp_path / "program"
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    path = await machine.put(source, sha256)
    assert path == f"/var/cache/hardway/blobs/{sha256}"
    assert (await machine.run(f"sha256sum < {path}")).stdout.split()[0].decode() == sha256
    source.unlink()
    assert await machine.put(source, sha256) == path
    assert (await machine.run("ls -A /var/cache/hardway/blobs")).stdout.decode().split() == [sha256]


async def test_a_blob_altered_on_the_machine_is_carried_again(machine: SshTransport, tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_bytes(b"good")
    sha256 = hashlib.sha256(b"good").hexdigest()
    path = await machine.put(source, sha256)
    await machine.run(f"echo bad > {path}")
    await machine.put(source, sha256)
    assert (await machine.run(f"cat {path}")).stdout == b"good"


async def test_a_blob_that_is_not_what_it_should_be_is_refused(machine: SshTransport, tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_bytes(b"other")
    with pytest.raises(OSError, match="arrived altered"):
        await machine.put(source, "0" * 64)
    assert (await machine.run("ls -A /var/cache/hardway/blobs")).stdout == b""


async def test_a_blob_that_is_not_in_the_cache_says_so(machine: SshTransport, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await machine.put(tmp_path / "none", "0" * 64)


async def test_a_shared_cache_is_not_copied(sshd: Sshd, tmp_path: Path) -> None:
    transport = await connect(replace(sshd.endpoint, blobs="/mnt/blobs"))
    assert await transport.put(tmp_path / "not there", "ab") == "/mnt/blobs/ab"
    await transport.close()


async def test_a_port_of_the_machine_is_reached_through_a_private_socket(machine: SshTransport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with machine.forward("127.0.0.1", port) as path:
        assert path.parent.stat().st_mode & 0o777 == 0o700
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), trust_env=False) as client:
            assert (await client.get("http://x/")).text == "ok"
    assert not path.parent.exists()
    server.close()


async def _why(endpoint: Endpoint) -> str:
    with pytest.raises(Unreachable) as caught:
        await connect(endpoint)
    assert caught.value.machine == "m0"
    return caught.value.why


async def test_a_wrong_host_key_is_refused(sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    assert "host key is not the pinned one" in await _why(replace(sshd.endpoint, host_key=other))


async def test_a_host_key_of_another_kind_is_refused(sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    assert "has no host key of the pinned one's kind" in await _why(replace(sshd.endpoint, host_key=other))


async def test_a_closed_port_says_so(unused: Endpoint) -> None:
    why = await _why(unused)
    assert "refuses connections; is it up" in why
    assert f"root@127.0.0.1 port {unused.port}" in why


async def test_a_key_that_is_not_let_in_says_so(sshd: Sshd, tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "other")
    why = await _why(replace(sshd.endpoint, client_key=tmp_path / "other"))
    assert "does not let root in with the key" in why
    assert "authorized_keys" in why


async def test_a_missing_key_says_so(sshd: Sshd, tmp_path: Path) -> None:
    assert "cannot be used" in await _why(replace(sshd.endpoint, client_key=tmp_path / "none"))


async def test_a_pinned_key_that_is_none_says_so(sshd: Sshd) -> None:
    assert "pinned host key is no public key" in await _why(replace(sshd.endpoint, host_key="nonsense"))


async def test_an_unknown_name_says_so(sshd: Sshd) -> None:
    assert "does not resolve" in await _why(replace(sshd.endpoint, host="no-such-host.invalid"))


async def test_who_does_not_answer_is_given_up(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.machines.ssh.CONNECT_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "does not answer within" in await _why(replace(sshd.endpoint, port=port))


async def test_a_machine_that_dies_while_it_works_is_noticed(sshd: Sshd) -> None:
    transport = await connect(sshd.endpoint)
    begun = asyncio.Event()
    running = asyncio.ensure_future(transport.run("echo begun; sleep 60", on_line=lambda line: begun.set()))
    await asyncio.wait_for(begun.wait(), 10)
    sshd.kill()
    with pytest.raises(Unreachable, match="connection was lost while it worked"):
        await running
    with pytest.raises(Unreachable):
        await transport.run("true")
    await transport.close()


async def test_a_machine_that_falls_silent_is_noticed_in_seconds(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.machines.ssh.KEEPALIVE_EVERY", 0.2)
    async with Cable(sshd.endpoint.port) as cable:
        transport = await connect(replace(sshd.endpoint, port=cable.port))
        with pytest.raises(Unreachable, match="connection was lost"):
            await transport.run("echo begun; exec sleep 1000", on_line=lambda line: cable.pull())
        await transport.close()


class Cable:
    """Carries bytes to sshd and back until it is pulled: then it swallows them, as a switched-off network does."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._pulled = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Cable:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pull(self) -> None:
        self._pulled = True

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            self._tasks.add(asyncio.ensure_future(self._carry(source, sink)))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not self._pulled:
                    sink.write(data)
        finally:
            sink.close()


async def test_a_machine_behind_a_jump_host(sshd: Sshd) -> None:
    transport = await connect(replace(sshd.endpoint, machine="inside", jump=replace(sshd.endpoint, machine="jump")))
    try:
        assert (await transport.run("echo here")).stdout == b"here\n"
    finally:
        await transport.close()


async def test_a_jump_host_that_is_another_is_named(sshd: Sshd) -> None:
    strange = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    jump = replace(sshd.endpoint, machine="jump", host_key=strange)
    with pytest.raises(Unreachable, match="inside: its jump host jump: its host key is not the pinned one"):
        await connect(replace(sshd.endpoint, machine="inside", jump=jump))


async def test_through_a_socks_proxy(sshd: Sshd) -> None:
    """The proxy is ssh's own (-D), so that the name is resolved at its far end."""
    endpoint = sshd.endpoint
    async with asyncssh.connect(
        endpoint.host, endpoint.port, username=endpoint.user, client_keys=[endpoint.client_key], known_hosts=None
    ) as way:
        listener = await way.forward_socks("127.0.0.1", 0)
        proxy = f"socks5h://127.0.0.1:{listener.get_port()}"
        transport = await connect(replace(endpoint, connect=through_proxy(proxy, "localhost", endpoint.port)))
        try:
            assert (await transport.run("echo here")).stdout == b"here\n"
        finally:
            await transport.close()
        listener.close()


async def test_a_proxy_that_is_not_there_is_told_as_such(unused: Endpoint) -> None:
    proxy = f"socks5h://127.0.0.1:{unused.port}"
    why = await log_in(replace(unused, connect=through_proxy(proxy, "10.0.0.1", 22)))
    assert why is not None and "no connection" in why and str(unused.port) in why
