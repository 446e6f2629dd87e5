"""What user data asks for: applied where it is of the right shape, and otherwise said, never raised."""

from __future__ import annotations

import pytest

from hardway.cloud.compute.user_data import HostKey, UserData, WrittenFile, known_keys, read_user_data


def config(text: str) -> bytes:
    return f"#cloud-config\n{text}".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hostname: master-0", UserData(hostname="master-0")),
        (
            "ssh_authorized_keys: ['ssh-ed25519 AAAA me ', ssh-rsa BBBB]",
            UserData(authorized_keys=("ssh-ed25519 AAAA me", "ssh-rsa BBBB")),
        ),
        (
            "ssh_keys: {ed25519_private: 'BEGIN', ed25519_public: 'ssh-ed25519 AAAA'}",
            UserData(host_keys=(HostKey("ed25519", "BEGIN\n", "ssh-ed25519 AAAA"),)),
        ),
        ("write_files: [{path: /a, content: text}]", UserData(files=(WrittenFile("/a", b"text"),))),
        (
            "write_files: [{path: /a, content: '/w==', encoding: b64, owner: 'a:b', permissions: '0600', append: yes}]",
            UserData(files=(WrittenFile("/a", b"\xff", "0600", "a:b", append=True),)),
        ),
        ("write_files: [{path: /a, permissions: 0o755}]", UserData(files=(WrittenFile("/a", b"", "755"),))),
        ("write_files: [{path: /a, permissions: 0755}]", UserData(files=(WrittenFile("/a", b"", "0755"),))),
        ("runcmd: [echo $HOME, [ls, '-l', 1]]", UserData(commands=("echo $HOME", ("ls", "-l", "1")))),
        ("", UserData()),
    ],
)
def test_known_keys_are_applied(text: str, expected: UserData) -> None:
    assert read_user_data(config(text)) == expected


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("packages: [nginx]", "'packages' is not known here"),
        ("1: 2", "1 is not known here"),
        ("hostname: [a]", "hostname: ['a'] is no host name"),
        ("hostname: a/../b", "hostname: 'a/../b' is no host name"),
        ('hostname: "a\\nb"', r"hostname: 'a\nb' is no host name"),
        ("ssh_authorized_keys: one", "ssh_authorized_keys: it is no list"),
        ('ssh_authorized_keys: ["a\\nb"]', "ssh_authorized_keys: a key is not one line of text"),
        (
            "ssh_keys: {ed25519_private: a}",
            "ssh_keys: ed25519: both its private and its public key are needed, the latter on one line",
        ),
        ("ssh_keys: {../../x_private: a}", "ssh_keys: '../../x_private' is no key of a kind that is known here"),
        ("write_files: [{path: relative}]", "write_files: 'relative' is no absolute path"),
        ("write_files: [{path: /a, content: [1]}]", "write_files: /a: its content is no text"),
        ("write_files: [{path: /a, content: '%', encoding: b64}]", "write_files: /a: its content is not base64"),
        ("write_files: [{path: /a, encoding: gz}]", "write_files: /a: the encoding 'gz' is not known here"),
        ("write_files: [{path: /a, owner: 'a;b'}]", "write_files: /a: 'a;b' is no owner"),
        ("write_files: [{path: /a, permissions: 'u+s'}]", "write_files: /a: 'u+s' are no permissions"),
        ("write_files: [{path: /a, defer: true}]", "write_files: /a: 'defer': not known here"),
        ("runcmd: [[]]", "runcmd: a command is neither text nor a list of words"),
        ("runcmd: [{a: b}]", "runcmd: a command is neither text nor a list of words"),
    ],
)
def test_what_is_not_applied_is_said(text: str, remark: str) -> None:
    assert read_user_data(config(text)) == UserData(remarks=(remark,))


@pytest.mark.parametrize(
    ("raw", "remark"),
    [
        (b"\xff\xfe", "the user data cannot be read"),
        (b"\x1f\x8b\x08", "the user data cannot be read"),
        (b"Content-Type: multipart/mixed", "the user data is neither #cloud-config nor a script"),
        (config("- a"), "the user data is no mapping"),
        (config("a: ["), "the user data cannot be read: while parsing"),
        (config("[" * 5000), "the user data cannot be read"),
        (config("!!python/object:os.system {}"), "the user data cannot be read: could not determine a constructor"),
        (config("{[a]: b}"), "the user data cannot be read"),
    ],
)
def test_data_that_is_no_cloud_config_is_said_on_one_line(raw: bytes, remark: str) -> None:
    (found,) = read_user_data(raw).remarks
    assert found.startswith(remark)
    assert found.isprintable()


def test_one_fault_does_not_hide_the_rest() -> None:
    found = read_user_data(config("hostname: a\nruncmd: 1\npackages: []"))
    assert (found.hostname, len(found.remarks)) == ("a", 2)


def test_a_script_is_the_whole_data() -> None:
    assert read_user_data(b"#!/bin/sh\n\xff") == UserData(script=b"#!/bin/sh\n\xff")


def test_secrets_are_not_shown() -> None:
    data = config("ssh_keys: {rsa_private: SECRET, rsa_public: known}\nwrite_files: [{path: /a, content: SECRET}]")
    assert "SECRET" not in repr(read_user_data(data))
    assert "SECRET" not in repr(read_user_data(b"#!/bin/sh\nSECRET"))


def test_the_documented_keys_are_the_applied_ones() -> None:
    assert set(known_keys()) == {"hostname", "ssh_authorized_keys", "ssh_keys", "write_files", "runcmd"}
