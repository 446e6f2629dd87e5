"""What a new server is told at its first boot: its name, and the host key that is known here already. Pure."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

import yaml


def user_data(name: str, full_name: str, host_key: str, host_key_public: str) -> str:
    """cloud-init's cloud-config (module ssh: `ssh_keys`), base64 as Nova wants it. It holds a private key.

    The only host key is ours, so that nobody is shown another one first.
    """
    config = {
        "hostname": name,
        "fqdn": full_name,
        "prefer_fqdn_over_hostname": False,
        "manage_etc_hosts": False,
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["ed25519"],
        "ssh_keys": {"ed25519_private": host_key, "ed25519_public": f"{host_key_public} {name}"},
    }
    text = "#cloud-config\n" + yaml.safe_dump(config, sort_keys=False, width=4096)
    return b64encode(text.encode()).decode()


BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"


def host_key_on(console: str) -> str | None:
    """The Ed25519 host key that cloud-init wrote to a server's console, else the first of another kind; None: none is
    there. The last block counts, since a server may have booted more than once."""
    _, begun, rest = console.rpartition(BEGIN)
    block, ended, _ = rest.partition(END)
    if not begun or not ended:
        return None
    found = [key for key in map(_key, block.splitlines()) if key]
    return next((key for key in found if key.startswith("ssh-ed25519 ")), found[0] if found else None)


def _key(line: str) -> str | None:
    """`TYPE BASE64` out of a console's line, which may begin with a time or a program's name."""
    words = line.split()
    for kind, data in pairwise(words):
        if kind.startswith(("ssh-", "ecdsa-sha2-")) and data.startswith("AAAA"):
            return f"{kind} {data}"
    return None
