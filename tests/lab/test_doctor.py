"""What the lab needs of this computer, and how it is brought."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hardway.lab import doctor, operations
from hardway.lab.faults import LabFault
from tests.lab.conftest import small_cluster


def quiet(what: str, line: str) -> None:
    return None


@pytest.fixture
def only_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer with no program but an apt-get, which writes down how it is called."""
    log, program = tmp_path / "log", tmp_path / "apt-get"
    program.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(doctor, "INOTIFY", tmp_path / "instances")
    (tmp_path / "instances").write_text("128\n")
    return log


@pytest.mark.root
async def test_this_computer_has_all_that_the_lab_needs() -> None:
    assert [need for need in await doctor.examine() if not need.met] == []


async def test_each_missing_thing_is_named_with_its_remedy(only_apt: Path) -> None:
    needs = {need.what: need for need in await doctor.examine()}
    assert needs["apt-get"].met
    assert not needs["systemd-nspawn"].met
    assert needs["systemd-nspawn"].remedy == "apt-get install systemd-container"
    assert not needs["512 inotify instances"].met
    assert "there are 128" in needs["512 inotify instances"].why
    assert all(need.remedy for need in needs.values() if not need.met)


async def test_a_missing_modprobe_is_not_the_kernel_s_fault(only_apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FILE_SYSTEMS", only_apt.with_name("filesystems"))
    doctor.FILE_SYSTEMS.write_text("nodev\tproc\n")
    monkeypatch.setattr(doctor, "BRIDGE_SETTINGS", only_apt.with_name("bridge"))
    needs = {need.what: need for need in await doctor.examine()}
    assert {needs[what].remedy for what in ("modprobe", "kernel: overlayfs", "kernel: br_netfilter")} == {
        "apt-get install kmod"
    }


async def test_missing_packages_are_installed_and_the_limit_raised(only_apt: Path) -> None:
    said: list[str] = []
    await doctor.install(lambda what, line: said.append(line))
    update, install = only_apt.read_text().splitlines()
    assert update == "noninteractive -q update"
    assert install.startswith("noninteractive -q install --yes --no-install-recommends ")
    assert {"iproute2", "kmod", "mmdebstrap", "openssh-client", "systemd-container", "util-linux"} <= {*install.split()}
    assert doctor.INOTIFY.read_text() == "512\n"
    assert said[-1].endswith("until the next boot")


async def test_what_is_there_is_not_installed_again(only_apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGED", tuple(each for each in doctor.PACKAGED if each.what == "apt-get"))
    doctor.INOTIFY.write_text("8192\n")
    await doctor.install(quiet)
    assert not only_apt.exists()
    assert doctor.INOTIFY.read_text() == "8192\n"


async def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES", 1 << 60)
    short = [need for need in await doctor.examine() if "make room" in need.remedy]
    assert [need.met for need in short] == [False, False]
    assert all("GiB are free" in need.why for need in short)


async def test_anybody_but_root_is_told_so_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabFault, match=r"^the lab needs root\n"):
        await operations.up(small_cluster("nobody", "m0"))
    with pytest.raises(LabFault, match=r"^only root can install"):
        await doctor.install(quiet)
    assert [need.met for need in await doctor.examine() if need.what == "root"] == [False]


async def test_a_disk_that_cannot_be_a_layer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARDWAY_LABS", "/proc/no/such/directory")
    monkeypatch.setattr(doctor, "NO_UPPER", frozenset({"proc"}))
    (need,) = [need for need in await doctor.examine() if need.what == "a file system for /proc/no/such/directory"]
    assert not need.met
    assert need.why.endswith("; proc cannot be the upper one")
