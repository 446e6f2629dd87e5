"""What a machine is asked and how its answer is read."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hardway.machines.answers import parse
from hardway.machines.inventory import made
from hardway.machines.observation import Observation, StrangeAnswer
from hardway.machines.questions import observe_script
from hardway.machines.seen import KINDS, seen_on, to_remove, unhashed
from hardway.machines.shell import checked_path, checked_unit, setting_path
from hardway.machines.simulated import settled
from hardway.plan.diff import make_plan
from hardway.resources.base import Chapter, Ref, Resource, Seen
from hardway.resources.host import (
    HostName,
    Image,
    KernelModule,
    KernelSetting,
    Packages,
    Reboot,
    SwapOff,
    SystemUser,
    Unit,
    UnitOff,
)
from tests.machines.bench import CLUSTER, directory, file, program, sha256


def answer(**sections: str) -> bytes:
    """An answer with these sections (an underscore ends a word that is Python's own)."""
    told = {"facts": "uname 6.1 x86_64\nhostname h\nstatic h\n", **sections, "end": ""}
    return "".join(f"\0\0{name}\0{text}" for name, text in told.items()).encode()


def observed(**sections: str) -> Observation:
    return parse(answer(**sections))


def attributes(resource: Resource, **sections: str) -> dict[str, str]:
    return dict(seen_on(observed(**sections), [resource], "m0", False)[resource.id].attributes)


UNIT = Unit(chapter=Chapter.ETCD, machine="m0", unit="etcd.service")
OFF = UnitOff(chapter=Chapter.OS, machine="m0", unit="etcd.service")
PACKAGES = Packages(chapter=Chapter.OS, machine="m0", names=("socat", "ipset"))
SETTING = KernelSetting(chapter=Chapter.OS, machine="m0", key="net.ipv4.tcp_mem", value="1 2 3")
MODULE = KernelModule(chapter=Chapter.OS, machine="m0", module="br_netfilter")
SWAP = SwapOff(chapter=Chapter.OS, machine="m0")
NAME = HostName(chapter=Chapter.OS, machine="m0", hostname="h")
IMAGE = Image(chapter=Chapter.OS, machine="m0", reference="r/pause:1", blob="b", unit="u")


def _unit(load: str, active: str, enabled: str) -> str:
    names = "Id=etcd.service\nNames=etcd.service alias.service\n"
    return f"{names}LoadState={load}\nActiveState={active}\nUnitFileState={enabled}\n"


@pytest.mark.parametrize(
    ("resource", "sections", "wanted"),
    [
        (UNIT, {}, {}),
        (UNIT, {"units": _unit("not-found", "inactive", "")}, {}),
        (
            UNIT,
            {"units": _unit("loaded", "active", "enabled"), "started": "etcd.service abc\n"},
            {"enabled": "yes", "active": "yes", "inputs": "abc"},
        ),
        (
            UNIT,
            {"units": _unit("loaded", "activating", "disabled"), "started": "etcd.service \n"},
            {"enabled": "no", "active": "no", "inputs": ""},
        ),
        (
            UNIT,
            {"units": "Id=x.service\nNames=x.service\nLoadState=loaded\n\n" + _unit("loaded", "failed", "static")},
            {"enabled": "yes", "active": "no", "inputs": ""},
        ),
        (OFF, {}, {"off": "yes"}),
        (OFF, {"units": _unit("masked", "inactive", "masked")}, {"off": "yes"}),
        (OFF, {"units": _unit("masked", "active", "masked")}, {"off": "no", "state": "masked active"}),
        (OFF, {"units": _unit("loaded", "inactive", "enabled")}, {"off": "no", "state": "enabled inactive"}),
        (PACKAGES, {"packages": "socat installed\nipset installed\n"}, {"missing": "none"}),
        (PACKAGES, {"packages": "socat installed\nipset config-files\n"}, {"missing": "ipset"}),
        (PACKAGES, {"packages": "package socat is not installed\nipset installed\n"}, {"missing": "socat"}),
        (SETTING, {}, {}),
        (SETTING, {"settings": "net.ipv4.tcp_mem 1\t2\t3\n"}, {"value": "1 2 3"}),
        (SETTING, {"settings": "net.ipv4.tcp_mem 1\t2\t4\n"}, {"value": "1 2 4"}),
        (MODULE, {}, {}),
        (MODULE, {"modules": "br_netfilter\n"}, {"loaded": "yes"}),
        (MODULE, {"facts": "container yes\n"}, {}),
        (SWAP, {"facts": "swap on\n"}, {"swap": "on"}),
        (SWAP, {"facts": "swap on\ncontainer yes\n"}, {"swap": "off"}),
        (SWAP, {"facts": "swap off\n"}, {"swap": "off"}),
        (NAME, {}, {"hostname": "h"}),
        (
            NAME,
            {"facts": "hostname h\nstatic other\n"},
            {"hostname": "h (after a reboot: other)", "static": "other"},
        ),
        (IMAGE, {}, {}),
        (IMAGE, {"images": "REF TYPE DIGEST\nr/pause:1 t sha256:ab 1 MiB p\n"}, {"digest": "sha256:ab"}),
        (
            IMAGE,
            {
                "images": "r/pause:1 t sha256:ab 1 MiB p\n",
                "inventory": made("image", "r/pause:1", {"digest": "sha256:cd", "target": "sha256:ab"}),
            },
            {"digest": "sha256:cd"},
        ),
        (
            IMAGE,
            {
                "images": "r/pause:1 t sha256:other 1 MiB p\n",
                "inventory": made("image", "r/pause:1", {"digest": "sha256:cd", "target": "sha256:ab"}),
            },
            {"digest": "sha256:other"},
        ),
        (SystemUser(chapter=Chapter.OS, machine="m0", user="etcd"), {"users": "etcd:x:9:9::/:\n"}, {"exists": "yes"}),
        (SystemUser(chapter=Chapter.OS, machine="m0", user="etcd"), {"users": "etcd2:x:9:9::/:\n"}, {}),
        (file("/a", ""), {}, {}),
        (
            file("/a", ""),
            {"paths": "/a\0regular empty file\x00644\0root\0adm\x000:1:1:1\0/a\0", "hashes": "beef  /a\0"},
            {"sha256": "beef", "owner": "root:adm", "mode": "0644"},
        ),
        (
            file("/a", ""),
            {"paths": "/a\0symbolic link\x00777\0root\0root\x000:1:1:1\0/a -> /b\0", "hashes": "beef  /a\0"},
            {"sha256": "(a symbolic link)", "owner": "root", "mode": "0777"},
        ),
        (
            directory("/d"),
            {"beneath": "/d\0regular file\x00644\0root\0root\x000:1:1:1\0/d\0"},
            {"owner": "(a regular file)", "mode": "0644"},
        ),
    ],
)
def test_what_is_seen_of_a_resource(resource: Resource, sections: dict[str, str], wanted: dict[str, str]) -> None:
    assert attributes(resource, **sections) == wanted


SHA = "ab" * 32


def _link(target: str) -> dict[str, str]:
    return {
        "paths": f"/t\0symbolic link\x00777\0root\0root\x001:1:1:1\0/t -> {target}\0",
        "beneath": "/t\0regular file\x00755\0root\0root\x009:9:9:9\0/t\0",
    }


def _copy(signature: str) -> dict[str, str]:
    return {
        "paths": "/t\0regular file\x00755\0root\0root\x001:2:3:4\0/t\0",
        "beneath": "/t\0regular file\x00755\0root\0root\x001:2:3:4\0/t\0",
        "inventory": made("program", "/t", {"signature": f"{SHA}:{signature}"}),
    }


@pytest.mark.parametrize(
    ("sections", "vouched"),
    [
        (_link(f"/var/cache/hardway/blobs/{SHA}"), SHA),
        (_link("/usr/bin/true"), None),
        (_link(f"/tmp/{SHA}"), None),
        (_copy("1:2:3:4"), SHA),
        (_copy("1:2:3:5"), None),
    ],
)
def test_a_programs_hash_is_read_only_where_nobody_vouches_for_it(
    sections: dict[str, str], vouched: str | None
) -> None:
    tool = program("/t", "b")
    observation = observed(**sections)
    assert unhashed(observation, [tool]) == (() if vouched else ("/t",))
    seen = seen_on(observation, [tool], "m0", False)[tool.id]
    assert seen.attributes["sha256"] == (vouched or "")


def test_a_program_that_links_to_nothing_is_not_there() -> None:
    assert attributes(program("/t", "b"), paths=_link(f"/blobs/{SHA}")["paths"]) == {}


@pytest.mark.parametrize(
    ("facts", "others", "wanted"),
    [
        ("cgroup v2\n", {}, {"cgroup": "v2"}),
        ("cgroup v1\n", {}, {"cgroup": "v1"}),
        ("capabilities 000001ffffffffff\n", {}, {"restricted_oom": False}),
        ("capabilities 000001fffeffffff\n", {}, {"restricted_oom": True}),
        ("uname 6.1.0-1 aarch64\n", {}, {"kernel": "6.1.0-1", "arch": "aarch64"}),
        ("", {"os": 'NAME=\'X\'\nID="rocky"\nVERSION_ID="9.4"\n'}, {"os_id": "rocky", "os_version": "9.4"}),
        ("", {"os": '#c\nID=debian\nBROKEN="\n'}, {"os_id": "debian", "os_version": ""}),
        ("time chrony.service\n", {}, {"time_unit": "chrony.service"}),
        ("selinux yes\n", {}, {"selinux": True}),
        (
            "resolv /run/systemd/resolve/resolv.conf 192.0.2.2 192.0.2.1\n",
            {},
            {"resolv_conf": "/run/systemd/resolve/resolv.conf", "nameservers": ("192.0.2.1", "192.0.2.2")},
        ),
        (
            "connection 192.0.2.9 5000 192.0.2.7 22\n",
            {
                "addresses": "1: lo: <LOOPBACK> mtu 65536 qdisc x\n    inet 127.0.0.1/8 scope host lo\n"
                "3: ens3@if4: <UP> mtu 1442 qdisc x\n    inet 192.0.2.77/24 brd x\n    inet 192.0.2.7/24 brd x\n"
            },
            {"interface": "ens3", "mtu": 1442},
        ),
    ],
)
def test_the_facts_of_a_machine(facts: str, others: dict[str, str], wanted: dict[str, object]) -> None:
    found = observed(facts=facts, **others).facts
    assert {name: getattr(found, name) for name in wanted} == wanted


@pytest.mark.parametrize(("facts", "due"), [("", "no"), ("reboot due\n", "yes")])
def test_whether_a_restart_is_due(facts: str, due: str) -> None:
    reboot = Reboot(chapter=Chapter.OS, machine="m0")
    assert seen_on(observed(facts=facts), [reboot], "m0", False)[reboot.id].attributes == {"due": due}


@pytest.mark.parametrize("whole", [b"", b"Welcome!\n", answer()[:-5], b"This account is not available.\n"])
def test_an_answer_that_is_not_whole_is_refused(whole: bytes) -> None:
    with pytest.raises(StrangeAnswer, match="not whole"):
        parse(whole)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_a_settings_path(key: str, path: str) -> None:
    assert setting_path(key) == path


@pytest.mark.parametrize("key", ["", "/etc/passwd", "net/../../etc/passwd"])
def test_what_is_no_setting_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no sysctl"):
        setting_path(key)


@pytest.mark.parametrize("path", ["", "relative", "-rf", "/a\0b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no absolute path"):
        checked_path(path)


@pytest.mark.parametrize("unit", ["", "-x.service", "a b.service", "../x", "x;reboot", "$(id)"])
def test_what_is_no_unit_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="no name of a unit"):
        checked_unit(unit)


def test_a_real_shell_answers(tmp_path: Path) -> None:
    """The question is asked of this computer itself; odd names come back as they are."""
    odd = tmp_path / 'it\'s a "name" $HOME `id`\nand -> a line\t\\'
    odd.write_bytes(b"odd")
    (tmp_path / "link").symlink_to(odd)
    wanted = [file(str(odd), ""), directory(str(tmp_path)), program(str(tmp_path / "link"), "b"), file("/none", "")]
    said = subprocess.run(["/bin/sh"], input=observe_script(wanted).encode(), capture_output=True, check=True)
    found = parse(said.stdout)
    assert found.hashes == {str(odd): hashlib.sha256(b"odd").hexdigest()}
    assert set(found.paths) == {str(odd), str(tmp_path / "link")}
    assert found.paths[str(tmp_path / "link")].target == str(odd)
    assert found.beneath[str(tmp_path)].type == "directory"
    assert found.facts.kernel == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert found.hostname == Path("/proc/sys/kernel/hostname").read_text().strip()


EVERYTHING: list[Resource] = [
    file("/etc/a", "text"),
    directory("/etc/d", mode=0o700),
    program("/usr/bin/tool", "blob"),
    SystemUser(chapter=Chapter.OS, machine="m0", user="etcd"),
    replace(UNIT, restart_on=("file:m0:/etc/a",)),
    PACKAGES,
    SETTING,
    MODULE,
    SWAP,
    HostName(chapter=Chapter.OS, machine="m0", hostname="simulated"),
    replace(IMAGE, blob="blob"),
    UnitOff(chapter=Chapter.OS, machine="m0", unit="other.service"),
]


def _known(ref: Ref) -> bytes:
    values = {"sha256": SHA, "digest": f"sha256:{SHA}"}
    return (sha256(b"text") if ref.resource.startswith("file:") else values[ref.attribute]).encode()


def test_a_machine_with_everything_in_place_needs_nothing() -> None:
    assert {one.kind for one in EVERYTHING} == {*KINDS} - {Reboot.kind}, "a reboot leaves nothing behind"
    observation = parse(settled(EVERYTHING, _known, CLUSTER))
    assert observation.cluster == CLUSTER
    seen = seen_on(observation, EVERYTHING, "m0", False)
    plan = make_plan(EVERYTHING, seen, _known)
    assert not plan, [(step.id, step.reason) for step in plan.steps]


def test_everything_owned_and_not_wanted_can_be_removed() -> None:
    observation = parse(settled(EVERYTHING, _known, CLUSTER))
    seen = seen_on(observation, [], "m0", False)
    resources = [to_remove(one) for one in seen.values()]
    assert {(type(one), one.id, one.chapter) for one in resources} == {
        (type(one), one.id, one.chapter) for one in EVERYTHING
    }


def test_packages_that_others_still_want_are_not_taken_away() -> None:
    lines = [made("packages", "a+b", {}), made("package", "a", {}), made("package", "b", {})]
    observation = observed(inventory="\n".join(lines), packages="a installed\nb installed\n")
    both = Packages(chapter=Chapter.OS, machine="m0", names=("b", "c"))
    seen = seen_on(observation, [both], "m0", False)
    assert seen["packages:m0:a+b"].attributes["was"] == "a"


def test_data_is_not_called_owned_until_it_is_named() -> None:
    observation = observed(inventory=made("directory", "/d", {"data": "yes"}))
    assert seen_on(observation, [], "m0", False) == {}
    assert seen_on(observation, [], "m0", True)["directory:m0:/d"].owned


def test_only_kinds_of_machines_are_removed_here() -> None:
    with pytest.raises(ValueError, match="no resource of machines"):
        to_remove(Seen("certificate:operator:admin", {}))
