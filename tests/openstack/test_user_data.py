"""Host keys: told to a new server, or read from an old one's console."""

from __future__ import annotations

from base64 import b64decode

import pytest
import yaml

from hardway.openstack.user_data import host_key_on, user_data

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE"
ECDSA = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI"
BLOCK = f"-----BEGIN SSH HOST KEY KEYS-----\n{ECDSA} root@a\n{ED25519} root@a\n-----END SSH HOST KEY KEYS-----\n"

CONSOLES = {
    "cloud-init's block": (f"booting\n{BLOCK}login: ", ED25519),
    "lines with a time before": (BLOCK.replace("ssh-ed", "[   12.3] cloud-init[9]: ssh-ed"), ED25519),
    "the last of two boots": (BLOCK.replace(ED25519, "ssh-ed25519 AAAAold") + BLOCK, ED25519),
    "no Ed25519": (BLOCK.replace(f"{ED25519} root@a\n", ""), ECDSA),
    "a block that is cut off": (BLOCK[:90], None),
    "fingerprints only": ("-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:x root@a (ED25519)\n", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize("case", CONSOLES)
def test_a_host_key_is_read_from_a_console(case: str) -> None:
    console, key = CONSOLES[case]
    assert host_key_on(console) == key


def test_a_server_is_told_its_key_and_no_other() -> None:
    private = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"
    text = b64decode(user_data("a", "a.example", private, ED25519)).decode()
    assert text.startswith("#cloud-config\n")
    config = yaml.safe_load(text)
    assert config["ssh_keys"] == {"ed25519_private": private, "ed25519_public": f"{ED25519} a"}
    assert config["ssh_deletekeys"] is True
    assert (config["hostname"], config["fqdn"]) == ("a", "a.example")
