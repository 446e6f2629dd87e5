"""The compute driver in a real Nova: servers known before they are met, in every state, and gone without a trace.

The tests build on each other, in the order of this file.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from hardway.cloud.compute.places import ServerPlace
from hardway.lab.cgroups import keeper
from hardway.lab.network import namespace_exists
from tests.running_cloud import RunningCloud, eventually

pytestmark = [pytest.mark.root, pytest.mark.cloud, pytest.mark.timeout(900)]

KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
PUBLIC = HOST_KEY.export_public_key().decode().strip()
ADDRESS = "192.168.0.20"
USER_DATA = {
    "hostname": "known",
    "ssh_keys": {
        "ed25519_private": HOST_KEY.export_private_key().decode(),
        "ed25519_public": PUBLIC,
    },
    "write_files": [{"path": "/etc/written", "content": "by user data"}],
    "packages": ["nginx"],
}
PROBE = 'for group in /sys/fs/cgroup/*/; do mkdir "$group/probe"; rmdir "$group/probe"; done'
"""A kubelet makes control groups in every hierarchy."""

KnownHosts = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
"""Trusted host keys, authorities, revoked keys."""


def ssh(cloud: RunningCloud, command: str) -> str | None:
    """The output of a command on the server, whose host key was never asked for; None where it does not answer."""

    async def run() -> str:
        sock = cloud.connect(ADDRESS, 22)
        sock.setblocking(False)
        known: KnownHosts = ([HOST_KEY.convert_to_public()], [], [])
        async with asyncssh.connect(
            ADDRESS, sock=sock, username="debian", client_keys=[KEY], known_hosts=known, connect_timeout=10
        ) as made:
            return str((await made.run(command, check=True, timeout=30)).stdout).strip()

    try:
        return asyncio.run(run())
    except (OSError, TimeoutError, asyncssh.ConnectionLost):
        return None


def boot_id(cloud: RunningCloud) -> str | None:
    """Another one after each boot: the start of PID 1 in the kernel's clock ticks, proc(5)."""
    return ssh(cloud, "cut -d' ' -f22 /proc/1/stat")


def status(cloud: RunningCloud, name: str = "known") -> str:
    return str(cloud.openstack("server", "show", name)["status"])


def place(cloud: RunningCloud, name: str = "known") -> ServerPlace:
    return ServerPlace(cloud.place, cloud.place.instances, cloud.openstack("server", "show", name)["id"])


def left_of(cloud: RunningCloud, server: ServerPlace) -> list[str]:
    """What there is of a server on this computer, or in a chassis."""
    running = asyncio.run(_running(cloud))
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{cloud.place.title}/{server.uuid}")]
    return [
        *(["running"] if server.uuid in running else []),
        *(["namespace"] if namespace_exists(server.title) else []),
        *(["directory"] if server.directory.exists() else []),
        *groups,
    ]


async def _running(cloud: RunningCloud) -> frozenset[str]:
    return await keeper().running(cloud.place)


@pytest.fixture(scope="module", autouse=True)
def network(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A network with a way out, a key pair, and the file with the user data; taken away for the tests that follow."""
    folder = tmp_path_factory.mktemp("driver")
    KEY.write_public_key(str(folder / "key.pub"))
    (folder / "user-data").write_text(f"#cloud-config\n{json.dumps(USER_DATA)}")
    cloud.do("keypair", "create", "--public-key", str(folder / "key.pub"), "driver")
    cloud.do("network", "create", "driver")
    cloud.do("subnet", "create", "driver", "--network", "driver", "--subnet-range", "10.7.0.0/24")
    cloud.do("router", "create", "driver", "--external-gateway", "public")
    cloud.do("router", "add", "subnet", "driver", "driver")
    cloud.do("security", "group", "create", "driver")
    cloud.do("security", "group", "rule", "create", "driver", "--protocol", "tcp", "--dst-port", "22")
    for port in ("driver", "second"):
        cloud.do("port", "create", port, "--network", "driver", "--security-group", "driver")
    cloud.do("floating", "ip", "create", "public", "--port", "driver", "--floating-ip-address", ADDRESS)
    yield folder
    cloud.do("floating", "ip", "delete", ADDRESS)
    cloud.do("port", "delete", "driver", "second")
    cloud.do("router", "remove", "subnet", "driver", "driver")
    cloud.do("router", "delete", "driver")
    cloud.do("network", "delete", "driver")
    cloud.do("security", "group", "delete", "driver")
    cloud.do("keypair", "delete", "driver")


def test_a_server_is_known_before_it_is_met(cloud: RunningCloud, network: Path) -> None:
    wanted = ("--image", "debian-13", "--flavor", "hardway.node", "--port", "driver", "--key-name", "driver")
    cloud.do("server", "create", *wanted, "--user-data", str(network / "user-data"), "asked")
    cloud.do("server", "set", "--name", "known", "asked")
    told = eventually(lambda: ssh(cloud, "hostname; sudo -n id -u; cat /etc/written"), "the server")
    assert told.split("\n") == ["known", "0", "by user data"]
    eventually(lambda: status(cloud) == "ACTIVE", "ACTIVE")
    console = cloud.do("console", "log", "show", "known")
    assert "hardway: user data: 'packages' is not known here" in console
    assert PUBLIC.split()[1] in console


def test_it_can_bear_a_kubernetes_node(cloud: RunningCloud) -> None:
    assert ssh(cloud, "stat -f -c %T /var/lib/containerd /var/lib/etcd /var/lib/kubelet | sort -u") != "overlayfs"
    assert ssh(cloud, "sudo test -c /dev/kmsg && echo there") == "there"
    assert ssh(cloud, f"sudo sh -euc {shlex.quote(PROBE)} && echo writable") == "writable"
    assert ssh(cloud, "sudo touch /var/cache/hardway/blobs/x 2>&1 || true") != ""
    assert ssh(cloud, "cat /sys/class/net/eth0/mtu") == "1442"
    assert ssh(cloud, "ping -c 1 -W 5 192.168.0.1 > /dev/null && echo out") == "out"


def test_its_configuration_is_there_to_be_read_and_not_to_be_written(cloud: RunningCloud) -> None:
    drive = "/var/lib/cloud/seed/config_drive/openstack/latest"
    meta = json.loads(ssh(cloud, f"sudo cat {drive}/meta_data.json") or "")
    assert meta["uuid"] == place(cloud).uuid
    assert "cannot touch" in (ssh(cloud, f"sudo touch {drive}/x 2>&1 || true") or "")


def test_it_stops_and_starts_with_its_disk(cloud: RunningCloud) -> None:
    before = boot_id(cloud)
    ssh(cloud, "echo kept > kept; sync")
    cloud.do("server", "stop", "known")
    eventually(lambda: status(cloud) == "SHUTOFF", "SHUTOFF")
    assert ssh(cloud, "true") is None
    assert cloud.openstack("port", "show", "driver")["status"] == "ACTIVE"
    cloud.do("server", "start", "known")
    assert eventually(lambda: ssh(cloud, "cat kept"), "the server again") == "kept"
    assert boot_id(cloud) != before


@pytest.mark.parametrize("how", ["--hard", "--soft", "inside"])
def test_it_reboots(cloud: RunningCloud, how: str) -> None:
    before = boot_id(cloud)
    if how == "inside":
        ssh(cloud, "sudo systemctl reboot --no-block")
    else:
        cloud.do("server", "reboot", how, "known")
    eventually(lambda: boot_id(cloud) not in (None, before), "another boot")
    eventually(lambda: status(cloud) == "ACTIVE", "ACTIVE")


def test_a_second_port_comes_and_goes(cloud: RunningCloud) -> None:
    cloud.do("server", "add", "port", "known", "second")
    (fixed,) = cloud.openstack("port", "show", "second")["fixed_ips"]
    eventually(
        lambda: fixed["ip_address"] in (ssh(cloud, "ip -4 -brief address show dev eth1 2>&1 || true") or ""), "eth1"
    )
    cloud.do("server", "remove", "port", "known", "second")
    eventually(lambda: ssh(cloud, "ls /sys/class/net") == "eth0\nlo", "no eth1")


def test_it_runs_on_and_obeys_when_nova_was_killed(cloud: RunningCloud) -> None:
    before, told = boot_id(cloud), cloud.service("nova")
    os.kill(told["pid"], signal.SIGKILL)
    eventually(lambda: cloud.service("nova")["restarts"] > told["restarts"], "another nova")
    eventually(lambda: cloud.service("nova")["state"] == "ready", "nova")
    assert boot_id(cloud) == before
    cloud.do("server", "reboot", "--hard", "known")
    eventually(lambda: boot_id(cloud) not in (None, before), "another boot")


def test_a_poweroff_from_inside_is_noticed(cloud: RunningCloud) -> None:
    eventually(lambda: status(cloud) == "ACTIVE", "ACTIVE")
    ssh(cloud, "sudo systemctl poweroff --no-block")
    eventually(lambda: status(cloud) == "SHUTOFF", "SHUTOFF")


def test_a_deleted_server_leaves_nothing(cloud: RunningCloud) -> None:
    server = place(cloud)
    assert left_of(cloud, server)
    cloud.do("server", "delete", "--wait", "known")
    assert left_of(cloud, server) == []


def test_an_image_that_names_no_tree_is_said_so(cloud: RunningCloud, network: Path) -> None:
    (network / "nothing").write_text("nothing")
    image = ("--disk-format", "raw", "--container-format", "bare", "--property", "hardway_tree=../../etc")
    cloud.do("image", "create", *image, "--file", str(network / "nothing"), "escape")
    try:
        cloud.do("server", "create", "--image", "escape", "--flavor", "hardway.node", "--network", "driver", "escape")
        eventually(lambda: status(cloud, "escape") == "ERROR", "ERROR")
        server = place(cloud, "escape")
        assert left_of(cloud, server) == []
        cloud.do("server", "delete", "--wait", "escape")
    finally:
        cloud.do("image", "delete", "escape")
