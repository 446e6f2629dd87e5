"""What a lab looks like by its spec: names, addresses, the image's recipe."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from hardway.lab.base import source_lines
from hardway.lab.disk import console_tail
from hardway.lab.faults import LabFault
from hardway.lab.groups import hierarchies
from hardway.lab.jobs import Job
from hardway.lab.layout import layout, operator_address
from hardway.lab.network import hardware_address, link_name
from hardway.lab.places import LabPlace
from hardway.lab.recipe import OS_RELEASE, SUITES, recipe_digest
from hardway.lab.units import unit_command
from hardway.spec.model import Api, Cluster, Machine, Machines, Networks


def cluster(machines: str = "10.0.0.0/24", first: str = "10.0.0.1", api: str = "10.0.0.100") -> Cluster:
    masters = (Machine(name="m0", address=IPv4Address(first)),)
    return Cluster(
        name="pure",
        machines=Machines(masters=masters, workers=(), balancers=()),
        networks=Networks(machines=IPv4Network(machines)),
        api=Api(address=IPv4Address(api)),
    )


def test_the_default_lab_has_the_machines_of_the_spec() -> None:
    found = layout(Cluster(name="any"))
    assert found.api == "10.0.0.100:6443"
    assert found.addresses["hardway-master-0"] == IPv4Address("10.0.0.10")
    assert found.network.operator_interface == "10.0.0.1/24"
    with pytest.raises(LabFault, match=r"no machine m9\n.*hardway-master-0"):
        found.machine("m9")


@pytest.mark.parametrize(
    ("first", "api", "expected"),
    [
        ("10.0.0.10", "10.0.0.100", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.100", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.3"),
        ("10.0.0.2", "10.0.0.1", "10.0.0.3"),
    ],
)
def test_the_operator_takes_the_first_address_of_nobody(first: str, api: str, expected: str) -> None:
    assert operator_address(cluster(first=first, api=api)) == IPv4Address(expected)


def test_a_full_network_is_refused() -> None:
    with pytest.raises(LabFault, match=r"10\.0\.0\.0/30 has no address left"):
        operator_address(cluster("10.0.0.0/30", "10.0.0.1", "10.0.0.2"))


@pytest.mark.parametrize(
    ("lab", "title", "owned"),
    [
        ("a", "hardway-a", True),
        ("a", "hardway-a.b-c", True),
        ("a", "hardway-a-b.c", False),
        ("a-b", "hardway-a.b", False),
        ("a", "hardway-ab", False),
        ("a", "a", False),
    ],
)
def test_a_lab_owns_what_bears_its_name_and_no_more(lab: str, title: str, owned: bool) -> None:
    assert LabPlace(lab).owns(title) is owned


def test_long_names_stay_apart_within_the_limit_of_nspawn() -> None:
    lab = LabPlace("l" * 63)
    names = {lab.machine("m" * 62 + end).nspawn_name for end in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) <= 64


def test_links_and_hardware_addresses_follow_from_the_address() -> None:
    address = IPv4Address("10.0.0.10")
    assert link_name(address) == "m0a00000a"
    assert hardware_address(address) == "02:68:0a:00:00:0a"


def test_every_suite_has_an_image_of_its_own_and_a_known_release() -> None:
    assert len({recipe_digest(suite) for suite in SUITES}) == len(SUITES)
    assert OS_RELEASE.keys() == SUITES.keys()


async def test_the_sources_name_the_mirror_and_the_keyring() -> None:
    (line,) = await source_lines("trixie", "http://mirror.example/debian")
    assert line == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie main"
    )
    with pytest.raises(LabFault, match=r"no suite sarge\n.*trixie"):
        await source_lines("sarge", None)


def test_hierarchies_are_found_in_the_mounts() -> None:
    mounts = (
        "proc /proc proc rw 0 0\n"
        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    )
    assert hierarchies(mounts) == (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/unified"))


def test_dollars_reach_a_job_of_systemd_as_they_are() -> None:
    name = LabPlace("a").machine("m").job
    command = unit_command(Job(name, ("echo", "$HOME"), (("A", "b"),), Path("/log"), before="echo $X"))
    assert command[-2:] == ("echo", "$$HOME")
    assert {"--unit=hardway-a.m", "--setenv=A=b", '--property=ExecStartPre=/bin/sh -c "echo $$X"'} <= {*command}


def test_a_console_cannot_play_with_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARDWAY_LABS", str(tmp_path))
    machine = LabPlace("a").machine("m")
    assert console_tail(machine) == ""
    machine.console.parent.mkdir(parents=True)
    machine.console.write_text("\x1b[31mred\x1b[0m\n\x1b]0;title\x07done\n")
    assert console_tail(machine) == "red\ndone"
