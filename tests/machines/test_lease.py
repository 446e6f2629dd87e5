"""The lock that keeps a second operator away, on a real sshd: held, refused by name, and free again however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hardway.machines import lease, ssh
from hardway.machines.lease import LEASE, Leased, leased
from hardway.machines.ssh import SshTransport, connect
from hardway.resources.host import STATE
from tests.machines.conftest import Sshd

pytestmark = pytest.mark.root

Operator = Callable[[str], Awaitable[SshTransport]]


@pytest.fixture
async def first(sshd: Sshd) -> AsyncIterator[SshTransport]:
    transport = await connect(sshd.endpoint)
    await transport.run(f"mkdir -p {STATE}")
    yield transport
    await transport.close()


@pytest.fixture
async def second(sshd: Sshd) -> AsyncIterator[SshTransport]:
    transport = await connect(sshd.endpoint)
    yield transport
    await transport.close()


def reach(transport: SshTransport) -> Operator:
    async def connected(machine: str) -> SshTransport:
        return transport

    return connected


async def free(transport: SshTransport) -> None:
    """Returns once the lock can be had."""
    while True:
        try:
            async with leased(reach(transport), ["m0"], "somebody"):
                return
        except Leased:
            await asyncio.sleep(0.05)  # sshd ends the session of a lost connection by itself


async def test_a_second_run_is_refused_and_told_who_is_at_work(first: SshTransport, second: SshTransport) -> None:
    async with leased(reach(first), ["m0"], "up (process 7 of eve's on $HOME)"):
        with pytest.raises(Leased, match=r"cluster: up \(process 7 of eve's on \$HOME\); process [0-9]+ here .*on m0"):
            async with leased(reach(second), ["m0"], "down"):
                raise AssertionError
    async with leased(reach(second), ["m0"], "down"):
        assert (await first.run(f"cat {LEASE}")).stdout.startswith(b"down; process ")


async def test_it_goes_with_the_connection(first: SshTransport, second: SshTransport) -> None:
    async with leased(reach(first), ["m0"], "up"):
        await first.close()
        async with asyncio.timeout(20):
            await free(second)


async def test_it_goes_with_the_signs_of_life(
    first: SshTransport, second: SshTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SILENT", 1)
    monkeypatch.setattr(ssh, "BEAT", 0.1)
    async with leased(reach(first), ["m0"], "up"):
        await asyncio.sleep(2)
        with pytest.raises(Leased):
            async with leased(reach(second), ["m0"], "down"):
                raise AssertionError
    monkeypatch.setattr(ssh, "BEAT", 1000)
    async with leased(reach(first), ["m0"], "up"), asyncio.timeout(20):
        await free(second)


async def test_the_process_that_is_named_holds_it(first: SshTransport, second: SshTransport) -> None:
    async with leased(reach(first), ["m0"], "up"):
        await second.run(f"kill $(sed 's/.*; process //; s/ .*//' {LEASE})")
        async with asyncio.timeout(20):
            await free(second)


async def test_a_machine_without_anything_of_ours_has_no_lock(second: SshTransport) -> None:
    await second.run(f"rm -rf {STATE}")
    async with leased(reach(second), ["m0"], "up"):
        assert (await second.run(f"[ -e {STATE} ]")).exit_code == 1
