"""What a new server is given: files at fixed paths only, scripts that run in it, lines on its console."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hardway.cloud.compute.first_boot import FirstBoot, first_boot, written
from hardway.cloud.compute.user_data import HostKey, WrittenFile

UUID = "12345678-1234-1234-1234-123456789abc"
SPARE = HostKey("ed25519", "SPARE PRIVATE\n", "ssh-ed25519 SPARE root@vm")


def boot(user_data: str = "", **meta: object) -> FirstBoot:
    drive = {"openstack/latest/meta_data.json": json.dumps({"hostname": "m0.novalocal", **meta}).encode()}
    if user_data:
        drive["openstack/latest/user_data"] = user_data.encode()
    return first_boot(UUID, drive, SPARE)


def contents(found: FirstBoot) -> dict[str, str]:
    return {file.path: file.content for file in found.files}


def test_a_server_without_user_data_has_its_name_the_key_pair_and_a_host_key_of_its_own() -> None:
    found = boot(public_keys={"mine": "ssh-rsa AAAA me\n"})
    assert found.hostname == "m0"
    assert found.services == ()
    assert contents(found) == {
        "etc/hostname": "m0\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 m0\n::1 localhost\n",
        "etc/machine-id": "12345678123412341234123456789abc\n",
        "etc/ssh/ssh_host_ed25519_key": "SPARE PRIVATE\n",
        "etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 SPARE root@vm\n",
        "home/debian/.ssh/authorized_keys": "ssh-rsa AAAA me\n",
    }
    assert {file.path: oct(file.mode) for file in found.files if file.mode != 0o644} == {
        "etc/machine-id": "0o444",
        "etc/ssh/ssh_host_ed25519_key": "0o600",
        "home/debian/.ssh/authorized_keys": "0o600",
    }
    assert found.console == (
        "-----BEGIN SSH HOST KEY KEYS-----",
        "ssh-ed25519 SPARE root@m0",
        "-----END SSH HOST KEY KEYS-----",
    )


def test_user_data_comes_before_what_nova_says() -> None:
    found = boot(
        "#cloud-config\nhostname: other\nssh_authorized_keys: [ssh-rsa AAAA, ssh-rsa BBBB]\n"
        "ssh_keys: {ed25519_private: MINE, ed25519_public: ssh-ed25519 MINE}\npackages: []",
        public_keys={"mine": "ssh-rsa AAAA"},
    )
    files = contents(found)
    assert found.hostname == "other"
    assert files["etc/ssh/ssh_host_ed25519_key"] == "MINE\n"
    assert files["home/debian/.ssh/authorized_keys"] == "ssh-rsa AAAA\nssh-rsa BBBB\n"
    assert found.console[0] == "hardway: user data: 'packages' is not known here"
    assert "SPARE" not in str(files)


@pytest.mark.parametrize(
    ("user_data", "service", "wanted_by"),
    [
        ("#cloud-config\nwrite_files: [{path: /a}]", "hardway-write-files.service", "sysinit.target"),
        ("#cloud-config\nruncmd: [ls]", "hardway-runcmd.service", "multi-user.target"),
        ("#!/bin/sh\nls", "hardway-script.service", "multi-user.target"),
    ],
)
def test_paths_and_commands_of_the_user_are_for_a_unit_of_the_server(
    user_data: str, service: str, wanted_by: str
) -> None:
    found = boot(user_data)
    (unit,) = found.services
    assert (unit.name, unit.wanted_by) == (service, wanted_by)
    (script,) = (file for file in found.files if file.mode == 0o700)
    assert script.path == f"var/lib/cloud/hardway/{service.removeprefix('hardway-').removesuffix('.service')}"
    assert f"ExecStart=/{script.path}\n" in unit.text


def test_outside_only_fixed_paths_are_written() -> None:
    found = boot("#cloud-config\nwrite_files: [{path: /../../etc/shadow}, {path: /etc/cron.d/x}]\nruncmd: [a]")
    assert all(path.startswith(("etc/", "home/debian/.ssh/", "var/lib/cloud/hardway/")) for path in contents(found))
    assert not {path for path in contents(found) if "shadow" in path or "cron" in path or ".." in path}


@pytest.mark.parametrize(
    ("name", "content"),
    [("plain", b"text\n"), ("it's $(touch escaped) `x` \" \\ \n -n", b"\0\xff'"), ("-rf", b""), ("a/b/c", b"deep")],
)
def test_the_script_writes_what_was_asked_and_nothing_else(tmp_path: Path, name: str, content: bytes) -> None:
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    file = WrittenFile(f"{tmp_path}/{name}", content, mode="0640", owner=owner)
    subprocess.run(("sh", "-c", written(file)), check=True, cwd=tmp_path)
    assert (tmp_path / name).read_bytes() == content
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o640
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
    again = WrittenFile(file.path, b"more", owner=owner, append=True)
    subprocess.run(("sh", "-c", written(again)), check=True, cwd=tmp_path)
    assert (tmp_path / name).read_bytes() == content + b"more"


def test_a_file_that_cannot_be_written_is_said_and_the_next_one_is_tried(tmp_path: Path) -> None:
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    files = (WrittenFile("/dev/null/x", b"", owner=owner), WrittenFile(f"{tmp_path}/next", b"1", owner=owner))
    done = subprocess.run(("sh", "-c", "".join(map(written, files))), check=True, capture_output=True, text=True)
    assert "hardway: write_files: '/dev/null/x' could not be written" in done.stdout
    assert (tmp_path / "next").read_bytes() == b"1"
