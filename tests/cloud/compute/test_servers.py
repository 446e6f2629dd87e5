"""Real servers without Nova or a network: made, booted, hostile, limited, shut down, cut off, gone without a trace."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardway.cloud.compute.first_boot import META_DATA, USER_DATA, first_boot
from hardway.cloud.compute.image import ensure
from hardway.cloud.compute.servers import Record, Servers
from hardway.cloud.compute.user_data import HostKey
from hardway.cloud.places import CloudPlace
from hardway.lab.base import trees
from hardway.lab.cgroups import keeper
from hardway.lab.faults import LabFault
from hardway.lab.keys import new_key_pair
from hardway.lab.network import ensure_namespace, namespaces_of, remove_network

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]
UUID = "12345678-1234-1234-1234-123456789abc"


@dataclass(frozen=True)
class Host:
    """Where servers are made for a test."""

    servers: Servers
    tree: str

    async def make(self, user_data: str = "", uuid: str = UUID, path: str = "x", memory: int = 512) -> None:
        pair = new_key_pair()
        drive: Mapping[str, bytes] = {
            META_DATA: json.dumps({"hostname": "m0"}).encode(),
            USER_DATA: user_data.encode(),
            path: b"",
        }
        boot = first_boot(uuid, drive, HostKey("ed25519", pair.private.decode(), pair.public))
        record = Record("chassis1", "instance-1", boot.hostname, self.tree, 1, memory)
        await self.servers.make(uuid, record, boot, drive)
        units = self.servers.place(uuid).directory / "upper/etc/systemd/system"
        units.mkdir(parents=True, exist_ok=True)
        (units / "systemd-networkd-wait-online.service").symlink_to("/dev/null")  # there is no network to wait for
        await ensure_namespace(self.servers.place(uuid).title)

    async def until_on_disk(self, path: str, expected: str) -> None:
        """Wait until a file of the server's upper layer holds that text."""
        found = None
        async with asyncio.timeout(120):
            while found != expected:
                assert await self.servers.running(UUID), self.console()
                await asyncio.sleep(0.05)
                file = self.servers.place(UUID).directory / "upper" / path
                found = file.read_text() if file.is_file() else None

    async def until_off(self) -> None:
        async with asyncio.timeout(60):
            while await self.servers.running(UUID):  # noqa: ASYNC110 - another process's end
                await asyncio.sleep(0.05)

    def console(self) -> str:
        return self.servers.place(UUID).console.read_text(errors="replace")


@asynccontextmanager
async def _host(instances: Path) -> AsyncIterator[Host]:
    base = await ensure()
    cloud = CloudPlace.of(f"servers-{os.getpid()}")
    servers = Servers(cloud, instances, trees(), None, keeper())
    try:
        yield Host(servers, base.tree.name)
    finally:
        await servers.keeper.kill_all(cloud)
        await remove_network(cloud)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with _host(tmp_path / "instances") as made:
        yield made


async def test_hostile_user_data_stays_in_its_server(host: Host, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    user_data = f"""#cloud-config
hostname: inside
write_files:
- {{path: "/../../../../../../../..{outside}", content: escaped}}
- {{path: /var/run/hostile-{os.getpid()}, content: escaped}}
- {{path: /proc/1/root/root/through-proc, content: escaped}}
- {{path: /etc/hostile, content: "$(touch {outside})`touch {outside}`"}}
runcmd:
- ln -s {tmp_path} /root/link
- echo escaped > /root/link/outside
- [sh, -c, "cat /etc/hostile > /root/said; cat /etc/hostname /proc/sys/kernel/hostname > /root/done"]
packages: [x]
"""
    await host.make(user_data)
    await host.servers.boot(UUID)
    await host.until_on_disk("root/done", "inside\ninside\n")
    await host.until_on_disk("root/said", f"$(touch {outside})`touch {outside}`")
    await host.until_on_disk("root/through-proc", "escaped")
    assert not outside.exists()
    assert not Path(f"/run/hostile-{os.getpid()}").exists()
    assert "hardway: user data: 'packages' is not known here" in host.console()


async def test_what_is_asked_once_is_done_once(host: Host) -> None:
    await host.make("#cloud-config\nruncmd: [echo ran >> /root/runs]")
    await host.servers.boot(UUID)
    await host.until_on_disk("root/runs", "ran\n")
    await host.servers.stop(UUID, within=60)
    late = "#!/bin/sh\necho again > /root/again\n"
    unit = "[Service]\nType=oneshot\nExecStart=/root/late\n[Unit]\nAfter=hardway-runcmd.service\n"
    upper = host.servers.place(UUID).directory / "upper"
    (upper / "root/late").write_text(late)
    (upper / "root/late").chmod(0o755)
    (upper / "etc/systemd/system/late.service").write_text(unit)
    (upper / "etc/systemd/system/multi-user.target.wants/late.service").symlink_to("../late.service")
    await host.servers.boot(UUID)
    await host.until_on_disk("root/again", "again\n")
    assert (upper / "root/runs").read_text() == "ran\n"


async def test_a_shutdown_is_in_good_order_and_a_power_cut_is_not(host: Host) -> None:
    await host.make("#cloud-config\nruncmd: [echo up > /root/up]")
    await host.servers.boot(UUID)
    await host.until_on_disk("root/up", "up\n")
    await host.servers.stop(UUID, within=60)
    assert not await host.servers.running(UUID)
    assert "Halting system." in host.console()

    length = len(host.console())
    await host.servers.boot(UUID)
    await asyncio.sleep(1)
    await host.servers.stop(UUID)
    assert not await host.servers.running(UUID)
    assert "Halting system." not in host.console()[length:]


COUNT = """\
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo >> /root/count; [ $(wc -l < /root/count) -lt 2 ] || systemctl poweroff --no-block'
"""


async def test_a_reboot_from_inside_goes_on_and_a_poweroff_does_not(host: Host) -> None:
    await host.make("#!/bin/sh\necho first > /root/boots\nsystemctl reboot --no-block")
    upper = host.servers.place(UUID).directory / "upper"
    (upper / "etc/systemd/system/count.service").write_text(COUNT)
    (upper / "etc/systemd/system/multi-user.target.wants/count.service").symlink_to("../count.service")
    await host.servers.boot(UUID)
    await host.until_off()
    assert (upper / "root/boots").read_text() == "first\n"
    assert (upper / "root/count").read_text() == "\n\n"


@pytest.mark.parametrize(("memory", "ends"), [(256, "killed"), (1024, "whole")])
async def test_a_server_may_take_no_more_memory_than_its_flavor_has(host: Host, memory: int, ends: str) -> None:
    """tail(1) holds one endless line in memory; where it is killed, the shell beside it is not."""
    eat = "head -c 400M /dev/zero | tail -n 1 > /dev/null && echo whole > /root/ends || echo killed > /root/ends"
    await host.make(f"#cloud-config\nruncmd: ['{eat}']", memory=memory)
    await host.servers.boot(UUID)
    await host.until_on_disk("root/ends", f"{ends}\n")


async def test_servers_are_found_again_by_whoever_comes_later(host: Host) -> None:
    await host.make()
    await host.servers.boot(UUID)
    later = Servers(host.servers.cloud, host.servers.instances, trees(), None, keeper())
    assert {uuid: record.name for uuid, record in later.records().items()} == {UUID: "instance-1"}
    assert await later.running(UUID)
    other = Servers(CloudPlace.of("another"), host.servers.instances, trees(), None, keeper())
    assert not await other.running(UUID)
    await later.stop(UUID)
    await later.remove(UUID)
    assert later.records() == {}
    assert not list(host.servers.instances.iterdir())


async def test_a_server_made_half_is_none(host: Host) -> None:
    await host.make()
    host.servers.place(UUID).record.unlink()
    assert host.servers.records() == {}
    with pytest.raises(LabFault, match=f"{UUID} is not made"):
        await host.servers.boot(UUID)
    await host.servers.remove(UUID)
    await host.servers.remove(UUID)


@pytest.mark.parametrize("tree", ["", "none", "..", ".partial", "../lab", "/usr"])
async def test_an_image_names_a_tree_and_nothing_else(host: Host, tree: str) -> None:
    with pytest.raises(LabFault, match="there is no image tree"):
        host.servers.tree(tree)


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "a/../../x"])
async def test_a_config_drive_holds_no_path_that_leads_out(host: Host, path: str) -> None:
    with pytest.raises(LabFault, match="no path of a config drive"):
        await host.make(path=path)


async def test_secrets_are_for_root_alone(host: Host) -> None:
    await host.make("#cloud-config\nruncmd: [echo secret]")
    place = host.servers.place(UUID)
    assert place.directory.stat().st_mode & 0o777 == 0o700
    drive = [path for path in place.config_drive.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in drive} == {0o600}
    assert namespaces_of(host.servers.cloud) == (place.title,)
