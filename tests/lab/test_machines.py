"""Real lab machines: reached, cut off from power, rebooted, beside another lab's, and gone without a trace."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest

from hardway.lab import operations
from hardway.lab.faults import LabFault
from hardway.lab.places import LabPlace
from hardway.machines.transport import Unreachable
from tests.lab.conftest import running, small_cluster
from tests.lab.host_snapshot import take_snapshot

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]


async def test_a_lab_comes_up_whole_and_goes_without_a_trace() -> None:
    cluster = small_cluster("trace", "m0", "m1")
    before = take_snapshot(cluster.name)
    async with running(cluster) as lab:
        assert await lab.states() == {"m0": "running", "m1": "running"}
        assert await lab.on("m0", "hostname; systemctl is-system-running --wait") == "m0\nrunning"
        assert await lab.on("m1", "ping -c 1 -W 5 10.0.0.10 >/dev/null && echo answers") == "answers"
        gained = {line.split(":")[0] for line in before.difference(take_snapshot(cluster.name))}
        assert gained >= {
            f"+ {what}" for what in ("mounts", "namespaces", "cgroups", "listeners", "processes", "paths")
        }
        assert not gained & {"+ links", "+ addresses", "+ routes", "+ nftables"}
    assert before.difference(take_snapshot(cluster.name)) == ()


async def test_a_power_cut_leaves_the_disk_and_nothing_else() -> None:
    async with running(small_cluster("power", "m0", "m1")) as lab:
        await lab.on("m0", "echo kept > /root/on-disk; ip address add 10.0.0.100/32 dev eth0")
        await operations.kill(lab.cluster, "m0")
        assert await lab.states() == {"m0": "off", "m1": "running"}
        with pytest.raises(Unreachable):
            await lab.on("m0", "true")
        await operations.start(lab.cluster, "m0")
        assert await lab.on("m0", "cat /root/on-disk; ip -4 -br address show dev eth0 | wc -w") == "kept\n3"
        await lab.on("m0", "ping -c 1 -W 5 10.0.0.11")


async def test_a_machine_can_reboot_itself() -> None:
    async with running(small_cluster("reboot", "m0")) as lab:
        await lab.on("m0", "touch /run/until-reboot /root/on-disk; systemctl reboot --no-block")
        await lab.until("m0", "ls /run/until-reboot /root/on-disk 2>/dev/null || true", "/root/on-disk")
        assert await lab.states() == {"m0": "running"}


async def test_two_labs_with_the_same_addresses_do_not_meet() -> None:
    one, other = small_cluster("one", "m0"), small_cluster("other", "m0")
    async with running(one) as first:
        async with running(other) as second:
            await first.on("m0", "echo first > /root/whose")
            assert await second.on("m0", "ls /root") == ""
            keys = {await lab.on("m0", "cat /etc/ssh/ssh_host_ed25519_key.pub") for lab in (first, second)}
            assert len(keys) == 2
        assert await first.on("m0", "cat /root/whose") == "first"


async def test_up_again_changes_nothing() -> None:
    async with running(small_cluster("again", "m0")) as lab:
        await lab.on("m0", "touch /run/since-boot")
        before = await operations.status(lab.cluster)
        assert await operations.up(lab.cluster) == before
        assert await lab.on("m0", "ls /run/since-boot") == "/run/since-boot"


async def test_down_after_up_was_killed_half_way(tmp_path: Path) -> None:
    cluster = small_cluster("half", "m0", "m1")
    before = take_snapshot(cluster.name)
    up = await asyncio.create_subprocess_exec(sys.executable, "-c", UP, cluster.model_dump_json())
    try:
        async with asyncio.timeout(300):
            while not any(LabPlace(cluster.name).directory.glob("machines/*/console.log")):
                assert up.returncode is None, "it came up before it was killed"
                await asyncio.sleep(0.01)
        up.send_signal(signal.SIGKILL)
        await up.wait()
        assert before.difference(take_snapshot(cluster.name))
    finally:
        await operations.down(cluster)
    assert before.difference(take_snapshot(cluster.name)) == ()


UP = """
import asyncio, sys
from hardway.lab import operations
from hardway.spec.model import Cluster
asyncio.run(operations.up(Cluster.model_validate_json(sys.argv[1])))
"""


async def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        cluster = small_cluster("port", "m0", api_port=port)
        with pytest.raises(LabFault, match=rf"port {port} of 127\.0\.0\.1: in use.*\n.*lab\.apiPort"):
            async with running(cluster):
                pass


async def test_down_of_a_lab_that_never_was_is_no_fault() -> None:
    await operations.down(small_cluster("never", "m0"))
