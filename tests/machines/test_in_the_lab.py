"""Units on a real systemd: started, proved ready, restarted when what they read changes, mended, taken away."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from ipaddress import IPv4Address

import pytest

from hardway.engine.apply import ApplyFailed
from hardway.lab import operations as lab
from hardway.lab.provider import LabProvider
from hardway.machines.handler import MachineHandler
from hardway.machines.ssh import SshTransport, connect
from hardway.resources.base import Chapter, Ref, Resource
from hardway.resources.host import HostName, Packages, Probe, Reboot, Unit, UnitOff
from hardway.spec.model import Cluster, Machine, Machines
from tests.machines.bench import CLUSTER, Bench, changes, file, said

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    master = Machine(name="m0", address=IPv4Address("10.0.0.10"))
    machines = Machines(masters=(master,), workers=(), balancers=())
    cluster = Cluster(name=f"machines-{os.getpid()}", machines=machines)
    try:
        await lab.up(cluster)
        endpoint = await LabProvider().endpoint(cluster, "m0")
        assert endpoint is not None

        async def reach(machine: str) -> SshTransport:
            return await connect(endpoint)

        handler = MachineHandler(reach, CLUSTER, ["m0"])
        yield Bench(handler, transport=await handler.transport("m0"))
        await handler.close()
    finally:
        await lab.down(cluster)


UNIT_FILE = """[Unit]
Description=Answers
[Service]
ExecStart=/usr/bin/socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr SYSTEM:'. /etc/answer'
[Install]
WantedBy=multi-user.target
"""
ANSWER = "printf 'HTTP/1.1 {} x\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n'\n"


def _values(bench: Bench, wanted: list[Resource]) -> None:
    """References to files' hashes, as the plan knows them."""
    for one in wanted:
        value = one.attributes(bench.resolve).get("sha256")
        if isinstance(value, str):
            bench.values[Ref(one.id, "sha256")] = value.encode()


def service(bench: Bench, status: int, within: float = 20.0) -> list[Resource]:
    answer = file("/etc/answer", ANSWER.format(status))
    unit_file = file("/etc/systemd/system/answer.service", UNIT_FILE)
    unit = Unit(
        chapter=Chapter.OS,
        machine="m0",
        unit="answer.service",
        restart_on=(answer.id, unit_file.id),
        ready=Probe(port=8080, path="/"),
        ready_within=within,
    )
    wanted: list[Resource] = [answer, unit_file]
    _values(bench, wanted)
    return [*wanted, unit]


INVOCATION = "systemctl show -p InvocationID --value answer.service"


async def test_a_unit_from_start_to_end(bench: Bench) -> None:
    before = await bench.sh("ls -A /var/lib /etc/systemd/system /etc; hostname")
    extra: list[Resource] = [
        HostName(chapter=Chapter.OS, machine="m0", hostname="renamed"),
        UnitOff(chapter=Chapter.OS, machine="m0", unit="cron.service"),
        UnitOff(chapter=Chapter.OS, machine="m0", unit="ssh.socket"),
        Packages(chapter=Chapter.OS, machine="m0", names=("socat",)),
    ]
    wanted = service(bench, 200)
    plan = await bench.up([*wanted, *extra])
    assert changes(plan)["answer.service"] == "create"
    assert await bench.sh("systemctl is-enabled answer.service; hostname") == "enabled\nrenamed\n"
    first = await bench.sh(INVOCATION)

    # A file that it reads changes: it restarts. The same again: nothing does.
    changed = service(bench, 200)
    changed[0] = file("/etc/answer", ANSWER.format(200) + "# altered\n")
    _values(bench, changed[:2])
    assert changes(await bench.up([*changed, *extra])) == {"/etc/answer": "change", "answer.service": "change"}
    second = await bench.sh(INVOCATION)
    assert second != first

    # Altered and reloaded by hand: what it was started with is no longer known, so it restarts.
    await bench.sh("echo '# by hand' >> /etc/answer; systemctl restart answer.service")
    assert changes(await bench.up([*changed, *extra])) == {"/etc/answer": "change", "answer.service": "change"}

    # Stopped and disabled by hand.
    await bench.sh("systemctl disable --now answer.service")
    assert changes(await bench.up([*changed, *extra])) == {"answer.service": "change"}

    # A change of its unit file that only a reload tells systemd of.
    other = [*changed[:1], file("/etc/systemd/system/answer.service", UNIT_FILE + "# other\n"), changed[2]]
    _values(bench, other[:2])
    await bench.up([*other, *extra])
    assert await bench.sh("systemctl show -p NeedDaemonReload --value answer.service") == "no\n"

    await bench.up([])
    assert await bench.sh("ls -A /var/lib /etc/systemd/system /etc; hostname") == before
    assert await bench.sh("systemctl show -p LoadState,ActiveState --value answer.service") == "not-found\ninactive\n"


BOOT = "cat /proc/sys/kernel/random/boot_id"


async def test_a_machine_that_asks_for_a_restart_gets_it_before_anything_is_laid(bench: Bench) -> None:
    wanted: list[Resource] = [Reboot(chapter=Chapter.OS, machine="m0"), file("/run/laid", "since this boot")]
    first = await bench.sh(BOOT)
    await bench.sh("touch /run/reboot-required")
    assert changes(await bench.up(wanted)) == {"m0": "change", "/run/laid": "create"}
    bench.transport = await bench.handler.transport("m0")
    second = await bench.sh(BOOT)
    assert second != first
    # A machine at work is not restarted.
    await bench.sh("touch /run/reboot-required")
    assert changes(await bench.up(wanted)) == {}
    assert await bench.sh(BOOT) == second


async def test_a_unit_that_does_not_become_ready_shows_why(bench: Bench) -> None:
    wanted = service(bench, 503, within=2.0)
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(await bench.plan(wanted))
    text = said(caught.value.failures)
    assert "answer.service on m0 is not ready within 2 s: http://127.0.0.1:8080/ answers 503" in text
    assert "Active: active (running)" in text
    # It is not taken for started: the next run starts it again, and then it is.
    good = service(bench, 200)
    assert "answer.service" in changes(await bench.up(good))


async def test_a_unit_whose_port_another_program_has_is_not_started(bench: Bench) -> None:
    await bench.sh(
        "systemd-run --quiet --unit=taker socat TCP-LISTEN:8080,fork PIPE; until ss -Hltn | grep -q 8080; do :; done"
    )
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(await bench.plan(service(bench, 200)))
    text = said(caught.value.failures)
    assert "port 8080 is taken by another program" in text
    assert "socat" in text
    await bench.sh("systemctl stop taker")
    assert "answer.service" in changes(await bench.up(service(bench, 200)))


async def test_a_unit_that_cannot_start_shows_why(bench: Bench) -> None:
    wanted = service(bench, 200)
    broken = [wanted[0], file("/etc/systemd/system/answer.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n")]
    _values(bench, broken)
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(await bench.plan([*broken, wanted[2]]))
    text = said(caught.value.failures)
    assert (
        "m0: create unit answer.service: `timeout 20.000 systemctl restart -- answer.service` ended with exit" in text
    )
    assert "code=exited, status=1/FAILURE" in text
