"""A real cloud, from nothing to nothing: its services, servers that are reached, what dies comes back, nothing is left.

The tests build on each other, in the order of this file.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from datetime import datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from hardway.cloud import operations
from hardway.cloud.status import status
from hardway.lab.cgroups import keeper
from hardway.lab.loopback import listen
from hardway.lab.places import JobName
from tests.lab.host_snapshot import take_snapshot
from tests.running_cloud import RunningCloud, eventually

pytestmark = [pytest.mark.root, pytest.mark.cloud]

KEY = asyncssh.generate_private_key("ssh-ed25519")
ADDRESS = "192.168.0.10"
NAME = "node.cloud.example"


def test_every_service_answers(cloud: RunningCloud) -> None:
    state = asyncio.run(status(cloud.name))
    assert state.state == "up", state
    agents = cloud.openstack("network", "agent", "list", admin=True)
    assert sorted(agent["Host"] for agent in agents if agent["Alive"]) == ["chassis1", "chassis2", "chassis3"]
    computes = cloud.openstack("compute", "service", "list", "--service", "nova-compute", admin=True)
    assert sorted(compute["Host"] for compute in computes if compute["State"] == "up") == [
        "chassis1",
        "chassis2",
        "chassis3",
    ]
    assert [image["Name"] for image in cloud.openstack("image", "list")] == ["debian-13"]
    flavors = cloud.openstack("flavor", "list")
    assert [(one["Name"], one["VCPUs"], one["RAM"], one["Disk"]) for one in flavors] == [("hardway.node", 2, 4096, 20)]
    assert cloud.openstack("network", "show", "public")["router:external"]
    assert cloud.openstack("loadbalancer", "provider", "list")[0]["name"] == "ovn"


def test_a_server_is_reached_by_its_name(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> None:
    key = tmp_path_factory.mktemp("key") / "key.pub"
    KEY.write_public_key(str(key))
    cloud.do("keypair", "create", "--public-key", str(key), "mine")
    cloud.do("network", "create", "mine")
    cloud.do("subnet", "create", "mine", "--network", "mine", "--subnet-range", "10.0.0.0/24")
    cloud.do("router", "create", "mine", "--external-gateway", "public")
    cloud.do("router", "add", "subnet", "mine", "mine")
    cloud.do("security", "group", "create", "mine")
    cloud.do("security", "group", "rule", "create", "mine", "--protocol", "tcp", "--dst-port", "22")
    fixed = ("--fixed-ip", "subnet=mine,ip-address=10.0.0.10")
    cloud.do("port", "create", "mine", "--network", "mine", "--security-group", "mine", *fixed)
    wanted = ("--image", "debian-13", "--flavor", "hardway.node", "--port", "mine", "--key-name", "mine")
    cloud.do("server", "create", *wanted, "mine")
    cloud.do("floating", "ip", "create", "public", "--port", "mine", "--floating-ip-address", ADDRESS)
    cloud.do("zone", "create", "--email", "a@cloud.example", "cloud.example.")
    cloud.do("recordset", "create", "cloud.example.", f"{NAME}.", "--type", "A", "--record", ADDRESS)
    greeting = eventually(lambda: cloud.greeting(NAME), f"an SSH server at {NAME}")
    assert greeting.startswith("SSH-2.0")
    assert cloud.openstack("server", "show", "mine")["status"] == "ACTIVE"


def test_a_server_has_the_clouds_name_server(cloud: RunningCloud) -> None:
    assert cloud.ssh(NAME, KEY, "hostname") == "mine"
    assert "192.168.0.1" in cloud.ssh(NAME, KEY, "cat /etc/resolv.conf")
    assert cloud.ssh(NAME, KEY, f"getent hosts {NAME}").split() == [ADDRESS, NAME]
    assert cloud.ssh(NAME, KEY, "sudo -n id -u") == "0"


@pytest.mark.parametrize("name", ["keystone", "nova", "neutron", "octavia", "designate", "glance", "placement"])
def test_a_killed_service_comes_back(cloud: RunningCloud, name: str) -> None:
    before = cloud.service(name)
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: _again(cloud, name, before["restarts"]), f"{name} again")
    assert cloud.greeting(NAME), "the servers run on"


def _again(cloud: RunningCloud, name: str, restarts: int) -> bool:
    told = cloud.service(name)
    return bool(told["restarts"] > restarts and told["state"] == "ready")


def test_a_killed_supervisor_comes_back_with_all_services(cloud: RunningCloud) -> None:
    keystone = cloud.service("keystone")["pid"]
    os.kill(_supervisor(cloud), signal.SIGKILL)
    eventually(lambda: cloud.service("keystone")["pid"] != keystone, "another supervisor")
    cloud.up()
    assert cloud.openstack("server", "show", "mine")["status"] == "ACTIVE"
    assert cloud.greeting(NAME)


def _supervisor(cloud: RunningCloud) -> int:
    return int(json.loads(cloud.place.state("services").read_text())["pid"])


def test_a_killed_switch_comes_back_and_its_servers_are_reached(cloud: RunningCloud) -> None:
    for number in range(1, 4):
        run = cloud.place.chassis(number).run
        os.kill(int((run / f"chassis{number}-vswitchd.pid").read_text()), signal.SIGKILL)
    eventually(lambda: cloud.greeting(NAME), f"an SSH server at {NAME}")


def test_up_brings_back_what_was_ended(cloud: RunningCloud) -> None:
    asyncio.run(_kill(cloud, "proxy", "services"))
    assert asyncio.run(status(cloud.name)).state == "degraded"
    cloud.up()
    assert cloud.greeting(NAME)


async def _kill(cloud: RunningCloud, *parts: str) -> None:
    for part in parts:
        await keeper().kill(JobName(cloud.place, part))


def test_a_proxy_that_does_not_answer_is_not_shown_as_running(cloud: RunningCloud) -> None:
    """Stopped and not killed: its keeper would start it anew before anybody looks."""
    (process,) = [pid for pid in _pids("microsocks") if cloud.place.part("socks") in _cgroup(pid).replace("/", ".")]
    os.kill(process, signal.SIGSTOP)
    try:
        seen = asyncio.run(status(cloud.name))
    finally:
        os.kill(process, signal.SIGCONT)
    assert seen.state == "degraded"
    assert {part.name: part.state for part in seen.parts}["socks"] == "does not answer"
    assert asyncio.run(status(cloud.name)).state == "up"


def _pids(program: str) -> list[int]:
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/comm") if path.read_text().strip() == program]


def _cgroup(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_the_compute_of_a_chassis_without_power_is_heard_of_no_more(cloud: RunningCloud) -> None:
    """Nova has it down a minute later; nobody waits for that here."""
    asyncio.run(operations.cut_chassis(cloud.name, 3))
    eventually(lambda: _silence(cloud, "chassis3") > SILENT, "silence of chassis3")
    assert _silence(cloud, "chassis2") < SILENT
    assert {part.name: part.state for part in asyncio.run(status(cloud.name)).parts}["chassis3"] == "off"
    cloud.up()
    eventually(lambda: _silence(cloud, "chassis3") < SILENT, "its compute again")
    eventually(lambda: cloud.greeting(NAME), f"an SSH server at {NAME}")


SILENT = timedelta(seconds=22)
"""More than two reports, which come every ten seconds."""


def _silence(cloud: RunningCloud, chassis: str) -> timedelta:
    """How much longer ago its compute reported than that of the first chassis."""
    listed = cloud.openstack("compute", "service", "list", "--service", "nova-compute", admin=True)
    reported = {one["Host"]: datetime.fromisoformat(one["Updated At"]) for one in listed}
    return reported["chassis1"] - reported[chassis]


def test_a_quota_is_a_quota(cloud: RunningCloud) -> None:
    cloud.do("quota", "set", "--floating-ips", "1", "hardway", admin=True)
    with pytest.raises(AssertionError, match="Quota exceeded"):
        cloud.do("floating", "ip", "create", "public")


def test_all_is_there_after_a_restart_of_the_whole(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program takes Keystone's port between its choice and its use: another one is chosen."""
    asyncio.run(operations.stop(cloud.name))
    left = asyncio.run(operations.is_left(cloud.name))
    assert left == (str(cloud.place.directory),)
    port = cloud.record.ports["keystone"]
    seen_free = [port]

    def listen_too_early(asked: int) -> socket.socket:
        return listen(0) if seen_free and asked == seen_free.pop() else listen(asked)

    with socket.create_server(("127.0.0.1", port)):
        monkeypatch.setattr("hardway.cloud.ports.listen", listen_too_early)
        cloud.up()
    assert cloud.record.ports["keystone"] != port
    assert eventually(lambda: cloud.greeting(NAME), f"an SSH server at {NAME}")
    assert [server["Name"] for server in cloud.openstack("server", "list")] == ["mine"]
    assert cloud.openstack("zone", "list")[0]["name"] == "cloud.example."


def test_down_leaves_nothing(cloud: RunningCloud) -> None:
    asyncio.run(operations.down(cloud.name))
    assert asyncio.run(operations.is_left(cloud.name)) == ()
    assert cloud.before.difference(take_snapshot(cloud.name)) == ()
