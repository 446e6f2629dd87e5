"""Steps carried out on a real machine (an sshd over throw-away folders): made, mended, removed, cut off anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from shlex import quote

import pytest

from hardway.engine.apply import ApplyFailed
from hardway.machines.handler import MachineHandler
from hardway.machines.inventory import ForeignMachine
from hardway.machines.scripts import script
from hardway.machines.scripts.work import Work
from hardway.machines.ssh import SshTransport, connect
from hardway.plan.steps import Plan
from hardway.resources.base import Chapter, Ref, Resource
from hardway.resources.host import HostName, KernelSetting, SystemUser
from tests.machines.bench import CLUSTER, Bench, changes, directory, file, program, said, sha256
from tests.machines.conftest import Sshd

pytestmark = pytest.mark.root

STATE = "ls -A /var/lib"


@pytest.fixture
async def bench(sshd: Sshd) -> AsyncIterator[Bench]:
    transport = await connect(sshd.endpoint)

    async def reach(machine: str) -> SshTransport:
        return transport

    bench = Bench(MachineHandler(reach, CLUSTER, ["m0"]), transport=transport)
    yield bench
    await bench.handler.close()


def user(name: str) -> SystemUser:
    return SystemUser(chapter=Chapter.OS, machine="m0", user=name)


ODD = '/opt/it\'s a "path" with $HOME; `id`\nand a line\t\\n'


async def test_files_have_their_content_owner_and_mode(bench: Bench) -> None:
    bench.values[Ref("key", "pem", secret=True)] = bytes(range(256))
    wanted = [
        user("keeper"),
        directory("/opt/etc", owner="keeper", mode=0o700),
        file("/opt/etc/plain", "it's\n$HOME `id` %s \\n\n"),
        file("/opt/etc/empty", ""),
        file("/opt/etc/utf8", "世界", mode=0o640),
        file("/opt/etc/key", Ref("key", "pem", secret=True), owner="keeper", mode=0o600),
        file("/opt/made/on/the/way/file", "x"),
        file(ODD, "odd"),
    ]
    await bench.up(wanted)
    shown = await bench.sh("cd /opt/etc; stat -c '%n %U:%G %a' . * ../made/on; cat plain; sha256sum < key")
    assert shown.splitlines() == [
        ". keeper:keeper 700",
        "empty root:root 644",
        "key keeper:keeper 600",
        "plain root:root 644",
        "utf8 root:root 640",
        "../made/on root:root 755",
        "it's",
        "$HOME `id` %s \\n",
        f"{sha256(bytes(range(256)))}  -",
    ]
    assert await bench.sh(f"cat {quote(ODD)}; stat -c ' %a' /var/lib/hardway") == "odd 700\n"


async def test_what_is_altered_by_hand_is_seen_and_mended(bench: Bench) -> None:
    wanted = [user("keeper"), file("/opt/a", "a"), file("/opt/b", "b"), file("/opt/c", "c"), directory("/opt/d")]
    await bench.up(wanted)
    await bench.sh("echo x > /opt/a; chmod 600 /opt/b; rm /opt/c; ln -s /etc/passwd /opt/c; chown 1:1 /opt/d")
    plan = await bench.up(wanted)
    assert changes(plan) == {"/opt/a": "change", "/opt/b": "change", "/opt/c": "change", "/opt/d": "change"}
    assert "root" in await bench.sh("head -n 1 /etc/passwd")


async def test_removal_restores_what_was_there_and_leaves_nothing(bench: Bench) -> None:
    await bench.sh("mkdir -p -m 750 /opt/theirs; echo theirs > /opt/theirs/file; chmod 604 /opt/theirs/file")
    await bench.sh(
        "chown 7:8 /opt/theirs/file; ln -s somewhere /opt/link; hostname before; echo before > /etc/hostname"
    )
    before = await bench.sh(
        "cd /opt; find . -exec stat -c '%N %u:%g %a' {} +; cat theirs/file; id nobody; ls -A /var/lib"
    )
    wanted: list[Resource] = [
        user("keeper"),
        directory("/opt/theirs", owner="keeper", mode=0o700),
        file("/opt/theirs/file", "ours", owner="keeper", mode=0o600),
        file("/opt/link", "ours"),
        file("/opt/new/deep/file", "ours"),
        file("/opt/new/deep/other", "ours"),
        HostName(chapter=Chapter.OS, machine="m0", hostname="after"),
    ]
    await bench.up(wanted)
    assert await bench.sh("hostname; cat /etc/hostname /opt/link") == "after\nafter\nours"
    await bench.up([])
    after = await bench.sh(
        "cd /opt; find . -exec stat -c '%N %u:%g %a' {} +; cat theirs/file; id nobody; ls -A /var/lib"
    )
    assert after == before
    assert await bench.sh("hostname; cat /etc/hostname; getent passwd keeper || echo gone") == "before\nbefore\ngone\n"


async def test_a_user_s_group_goes_unless_it_was_there_before(bench: Bench) -> None:
    await bench.sh("groupadd --gid 4711 theirs")
    await bench.up([user("theirs"), user("ours")])
    assert await bench.sh("id -gn theirs; id -gn ours") == "theirs\nours\n"
    await bench.up([])
    await bench.sh("! getent passwd theirs ours; ! getent group ours")
    assert await bench.sh("getent group theirs; groupdel theirs") == "theirs:x:4711:\n"


async def test_a_group_that_a_cut_off_run_made_goes_too(bench: Bench) -> None:
    """It is there when the user is made at last, and nobody else's for all that."""
    (step,) = (await bench.plan([user("ours")])).steps
    killed = script(CLUSTER, [Work(step)]).replace("useradd --system", "groupadd --system ours; kill -9 $$; useradd")
    assert bench.transport is not None
    await bench.transport.run("sh", stdin=killed.encode())
    assert "ours:" in await bench.sh("getent group ours")
    await bench.up([user("ours")])
    await bench.up([])
    await bench.sh("! getent group ours")


async def test_what_was_there_as_wanted_is_never_ours(bench: Bench) -> None:
    await bench.sh("printf same > /opt/same; chmod 644 /opt/same")
    assert not await bench.plan([file("/opt/same", "same")])
    assert not await bench.plan([])
    assert await bench.sh("cat /opt/same") == "same"


async def test_a_directory_goes_only_when_empty_and_data_only_when_named(bench: Bench, sshd: Sshd) -> None:
    wanted = [directory("/opt/empty"), directory("/opt/full"), directory("/opt/data", data=True)]
    await bench.up(wanted)
    await bench.sh("touch /opt/full/theirs /opt/data/precious")
    assert changes(await bench.up([])) == {"/opt/empty": "remove", "/opt/full": "remove"}
    assert (await bench.sh("ls -A /opt /opt/data")).split() == ["/opt:", "data", "full", "/opt/data:", "precious"]
    handler = MachineHandler(lambda machine: connect(sshd.endpoint), CLUSTER, ["m0"], remove_data=True)
    naming = Bench(handler, transport=bench.transport)
    assert changes(await naming.up([])) == {"/opt/data": "remove"}
    assert (await bench.sh("ls -A /opt /var/lib")).split() == ["/opt:", "full", "/var/lib:"]
    await handler.close()


async def test_a_path_that_changes_its_kind_stays_ours(bench: Bench, tmp_path: Path) -> None:
    blob = _blob(bench, tmp_path, b"#!/bin/sh\necho program\n")
    await bench.sh("echo theirs > /opt/thing")
    await bench.up([file("/opt/thing", "ours")])
    await bench.up([program("/opt/thing", blob)])
    assert await bench.sh("/opt/thing") == "program\n"
    await bench.up([])
    assert await bench.sh("cat /opt/thing; ls -A /var/lib /var/cache") == "theirs\n/var/cache:\n\n/var/lib:\n"


def _blob(bench: Bench, folder: Path, data: bytes) -> str:
    name = f"blob:operator:{sha256(data)[:8]}"
    path = folder / sha256(data)
    path.write_bytes(data)
    bench.values[Ref(name, "sha256")] = sha256(data).encode()
    bench.values[Ref(name, "path")] = str(path).encode()
    return name


async def test_a_program_is_copied_and_its_hash_is_trusted_until_it_is_written_to(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = _blob(bench, tmp_path, b"#!/bin/sh\necho good\n")
    wanted = [program("/opt/bin/tool", blob)]
    await bench.up(wanted)
    assert await bench.sh("/opt/bin/tool; stat -c %a /opt/bin/tool; ls -A /var/cache/hardway/blobs") == "good\n755\n"
    with monkeypatch.context() as patched:
        patched.setattr("hardway.machines.handler.hash_script", lambda paths: "exit 1")  # it is never to be asked
        assert not await bench.plan(wanted)
    # The same size and time, so that only the inode's change time tells.
    await bench.sh("touch -r /opt/bin/tool /opt/t; sed -i s/good/evil/ /opt/bin/tool; touch -r /opt/t /opt/bin/tool")
    assert changes(await bench.up(wanted)) == {"/opt/bin/tool": "change"}
    assert await bench.sh("/opt/bin/tool") == "good\n"


async def test_a_program_in_a_shared_cache_is_linked(sshd: Sshd, tmp_path: Path) -> None:
    transport = await connect(replace(sshd.endpoint, blobs=f"{tmp_path}/blobs"))

    async def reach(machine: str) -> SshTransport:
        return transport

    bench = Bench(MachineHandler(reach, CLUSTER, ["m0"]), transport=transport)
    (tmp_path / "blobs").mkdir()
    blob = _blob(bench, tmp_path / "blobs", b"#!/bin/sh\necho linked\n")
    wanted = [program("/opt/bin/tool", blob)]
    with pytest.raises(AssertionError, match="mode"):
        await bench.up(wanted)  # a blob that nobody may execute is not a program in place
    (tmp_path / "blobs" / sha256(b"#!/bin/sh\necho linked\n")).chmod(0o755)
    await bench.up(wanted)
    assert await bench.sh("/opt/bin/tool") == "linked\n"
    await transport.run("rm /opt/bin/tool; ln -s /bin/true /opt/bin/tool")
    assert changes(await bench.up(wanted)) == {"/opt/bin/tool": "change"}
    await bench.handler.close()


async def test_kernel_settings_go_back_to_what_they_were(bench: Bench) -> None:
    key = "kernel.domainname"  # of the namespace, so of this test alone
    await bench.sh("echo before > /proc/sys/kernel/domainname")
    await bench.up([KernelSetting(chapter=Chapter.OS, machine="m0", key=key, value="after")])
    assert await bench.sh("cat /proc/sys/kernel/domainname") == "after\n"
    await bench.up([])
    assert await bench.sh("cat /proc/sys/kernel/domainname; ls -A /var/lib") == "before\n"


async def test_a_foreign_machine_is_left_alone(bench: Bench, sshd: Sshd) -> None:
    await bench.up([file("/opt/a", "a")])
    before = await bench.sh("find /opt /var/lib -exec stat -c '%n %z' {} +")
    other = Bench(MachineHandler(lambda machine: connect(sshd.endpoint), "other", ["m0"]), transport=bench.transport)
    with pytest.raises(ForeignMachine, match="belongs to another cluster"):
        await other.plan([file("/opt/a", "b")])
    plan = await bench.plan([file("/opt/a", "b")])
    with pytest.raises(ApplyFailed) as caught:
        await other.apply(plan)
    assert f"id {CLUSTER}" in said(caught.value.failures)
    after = await bench.sh("find /opt /var/lib -exec stat -c '%n %z' {} +")
    assert [line for line in after.splitlines() if "lock" not in line] == [
        line for line in before.splitlines() if "lock" not in line
    ]
    await other.handler.close()


async def test_a_step_that_cannot_be_done_says_what_the_machine_said(bench: Bench) -> None:
    bench.values[Ref("key", "pem", secret=True)] = b"very-secret-text"
    await bench.sh("mkdir -p /opt/a/is/full")
    wanted = [file("/opt/a", Ref("key", "pem", secret=True)), file("/opt/before", "x")]
    plan = await bench.plan(wanted)
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(plan)
    text = said(caught.value.failures)
    assert "m0: change file /opt/a ended with exit code 1" in text
    assert "cannot overwrite directory" in text
    assert "very-secret-text" not in text


async def test_a_command_that_fails_is_named(bench: Bench) -> None:
    homeless = SystemUser(chapter=Chapter.OS, machine="m0", user="keeper", home="nowhere")
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(await bench.plan([homeless]))
    text = said(caught.value.failures)
    assert "m0: create user keeper: `useradd --system --no-create-home --home-dir nowhere" in text
    assert "ended with exit code 3: useradd: invalid home directory" in text


async def test_present_texts_are_brought_back_but_no_secrets(bench: Bench) -> None:
    secret = Ref("key", "pem", secret=True)
    bench.values[secret] = b"hidden"
    wanted = [file("/opt/text", "old\n"), file("/opt/secret", secret), file("/opt/big", "x" * 70_000), file(ODD, "odd")]
    await bench.up(wanted)
    await bench.sh("head -c 9 /dev/zero > /opt/zero")
    wanted.append(file("/opt/zero", "z"))
    await bench.plan(wanted)
    texts = await bench.handler.texts([one.id for one in wanted])
    assert texts == {"file:m0:/opt/text": "old\n", f"file:m0:{ODD}": "odd"}


async def test_starts_with_the_old_content_are_forgotten_before_the_new_is_written(bench: Bench) -> None:
    from hardway.resources.host import Unit

    reads = file("/opt/conf", "one")
    unit = Unit(chapter=Chapter.OS, machine="m0", unit="x.service", restart_on=(reads.id,))
    await bench.apply(await bench.plan([reads]))
    await bench.sh("mkdir -p /var/lib/hardway/started; echo old > /var/lib/hardway/started/x.service")
    await bench.handler.observe([reads, unit])
    step = (await bench.plan([file("/opt/conf", "two")])).steps[0]
    await bench.handler.observe([reads, unit])
    await bench.apply(Plan((step,)))
    assert await bench.sh("ls -A /var/lib/hardway/started") == ""


TRAP = r"""set -T; n=0; trap 'n=$((n+1)); [ $n -ne {at} ] || kill -9 $$ $BASHPID' DEBUG; . /dev/stdin"""


async def _killed(bench: Bench, works: list[Work], at: int) -> bool:
    """Runs the script and kills it before its command number `at`; whether it got that far."""
    assert bench.transport is not None
    text = script(CLUSTER, works)
    result = await bench.transport.run(f"exec bash -c {quote(TRAP.format(at=at))}", stdin=text.encode())
    return result.exit_code not in (0, 1)


PREPARE = """rm -rf /opt/* /var/lib/hardway; mkdir /opt/theirs; echo theirs > /opt/theirs/file; chmod 750 /opt/theirs
! getent passwd keeper > /dev/null || userdel keeper"""
LIST = "cd /opt; find . -exec stat -c '%N %u:%g %a' {} + | sort; cat theirs/file; ls -A /var/lib"


async def _restores_wherever_cut_off(bench: Bench, attempt: Callable[[int], Awaitable[bool]]) -> None:
    """`attempt` is cut off before the command of a number, and says whether it got that far; then all is undone."""
    points = 0
    for at in range(1, 400, 8):
        await bench.sh(PREPARE)
        before = await bench.sh(LIST)
        reached = await attempt(at)
        await bench.up([])
        assert await bench.sh(LIST) == before, f"cut off before command {at}"
        points += reached
        if not reached:
            break
    assert points > 5


async def test_cut_off_anywhere_the_next_run_converges_and_removal_still_restores(bench: Bench) -> None:
    wanted: list[Resource] = [
        user("keeper"),
        directory("/opt/theirs", owner="keeper", mode=0o700),
        file("/opt/theirs/file", "ours", owner="keeper"),
        file("/opt/new/deep/file", "ours"),
    ]

    async def attempt(at: int) -> bool:
        works = [Work(step, content=b"ours") for step in (await bench.plan(wanted)).steps]
        reached = await _killed(bench, works, at)
        await bench.up(wanted)
        return reached

    await _restores_wherever_cut_off(bench, attempt)


async def test_a_removal_cut_off_anywhere_still_restores(bench: Bench) -> None:
    wanted: list[Resource] = [
        directory("/opt/theirs", mode=0o700),
        file("/opt/theirs/file", "ours"),
        file("/opt/new/deep/file", "ours"),
    ]

    async def attempt(at: int) -> bool:
        await bench.up(wanted)
        return await _killed(bench, [Work(step) for step in (await bench.plan([])).steps], at)

    await _restores_wherever_cut_off(bench, attempt)
