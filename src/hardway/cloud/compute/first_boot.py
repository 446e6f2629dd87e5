"""What is on a server's disk before it first boots: its name, its keys, and what it shall do then itself. Pure.

Only files at fixed paths are written from outside, on an upper layer that nobody has written to. What the user data
names by path, or runs, becomes a script that the server runs inside itself: there a link or a `..` leads nowhere else.
"""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hardway.cloud.compute.image import USER
from hardway.cloud.compute.user_data import HostKey, UserData, WrittenFile, read_user_data

META_DATA = "openstack/latest/meta_data.json"
USER_DATA = "openstack/latest/user_data"
SEED = "/var/lib/cloud/seed/config_drive"
"""Where a server sees its config drive; cloud-init would look for it there too."""
SCRIPTS = "/var/lib/cloud/hardway"

ONCE = """\
[Unit]
Description={what}
ConditionPathExists=!{script}.begun
{order}

[Service]
Type=oneshot
ExecStartPre=/bin/touch {script}.begun
ExecStart={script}
StandardOutput=journal+console
StandardError=journal+console
"""
"""At most once, as cloud-init does it: whether it fails, is cut off, or succeeds."""
EARLY = "DefaultDependencies=no\nAfter=local-fs.target systemd-tmpfiles-setup.service\nBefore=sysinit.target"
LATE = "Wants=network-online.target\nAfter=network-online.target ssh.service"


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file of the upper layer."""

    path: str
    content: str = field(repr=False)
    mode: int = 0o644
    of_user: bool = False
    """Whether it belongs to the image's user, and not to root."""


@dataclass(frozen=True, slots=True)
class Service:
    """A unit that is enabled."""

    name: str
    text: str
    wanted_by: str


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """All that is done for a new server."""

    hostname: str
    files: tuple[DiskFile, ...]
    services: tuple[Service, ...]
    console: tuple[str, ...]
    """Lines that its console log begins with."""


def first_boot(uuid: str, config_drive: Mapping[str, bytes], spare: HostKey) -> FirstBoot:
    """From the files of the config drive; `spare` is the host key of a server whose user data brings none."""
    meta = json.loads(config_drive[META_DATA])
    asked = read_user_data(config_drive.get(USER_DATA, b""))
    hostname = asked.hostname or str(meta["hostname"]).split(".")[0]
    host_keys = asked.host_keys or (spare,)
    keys = (*(str(key).strip() for key in (meta.get("public_keys") or {}).values()), *asked.authorized_keys)
    return FirstBoot(
        hostname=hostname,
        files=(*_identity(uuid, hostname), *_keys(host_keys, keys), *_scripts(asked)),
        services=tuple(_services(asked)),
        console=(*(f"hardway: user data: {remark}" for remark in asked.remarks), *_announced(host_keys, hostname)),
    )


def _identity(uuid: str, hostname: str) -> Iterator[DiskFile]:
    yield DiskFile("etc/hostname", f"{hostname}\n")
    yield DiskFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n::1 localhost\n")
    yield DiskFile("etc/machine-id", uuid.replace("-", "") + "\n", 0o444)


def _keys(host_keys: tuple[HostKey, ...], authorized: tuple[str, ...]) -> Iterator[DiskFile]:
    for key in host_keys:
        yield DiskFile(f"etc/ssh/ssh_host_{key.kind}_key", key.private, 0o600)
        yield DiskFile(f"etc/ssh/ssh_host_{key.kind}_key.pub", f"{key.public}\n")
    text = "".join(f"{key}\n" for key in dict.fromkeys(authorized))
    yield DiskFile(f"home/{USER}/.ssh/authorized_keys", text, 0o600, of_user=True)


def _announced(host_keys: tuple[HostKey, ...], hostname: str) -> Iterator[str]:
    """As cloud-init tells them, so that whoever may read the console log knows the server before the first contact."""
    yield "-----BEGIN SSH HOST KEY KEYS-----"
    for key in host_keys:
        yield f"{' '.join(key.public.split()[:2])} root@{hostname}"
    yield "-----END SSH HOST KEY KEYS-----"


def _scripts(asked: UserData) -> Iterator[DiskFile]:
    if asked.files:
        yield _script("write-files", "#!/bin/sh\n" + "".join(map(written, asked.files)))
    if asked.commands:
        yield _script("runcmd", "#!/bin/sh\n" + "".join(f"{_line(command)}\n" for command in asked.commands))
    if asked.script:
        yield _script("script", asked.script.decode(errors="surrogateescape"))


def _script(name: str, text: str) -> DiskFile:
    return DiskFile(f"{SCRIPTS.lstrip('/')}/{name}", text, 0o700)


def _line(command: str | tuple[str, ...]) -> str:
    return command if isinstance(command, str) else shlex.join(command)


def written(file: WrittenFile) -> str:
    """Lines of a shell script that write the file; one that cannot be written is said, and the next one is tried."""
    path, redirect = shlex.quote(file.path), ">>" if file.append else ">"
    content = b64encode(file.content).decode()
    return (
        f'( set -e; mkdir -p -- "$(dirname -- {path})"; printf %s {content} | base64 -d {redirect} {path}\n'
        f"chown -- {shlex.quote(file.owner)} {path}; chmod -- {file.mode} {path} )"
        f" || echo hardway: write_files: {shlex.quote(ascii(file.path))} could not be written\n"
    )


def _services(asked: UserData) -> Iterator[Service]:
    if asked.files:
        yield _once("write-files", "Write the files that the user data asks for", EARLY, "sysinit.target")
    if asked.commands:
        yield _once("runcmd", "Run the commands that the user data asks for", LATE, "multi-user.target")
    if asked.script:
        yield _once("script", "Run the script that is the user data", LATE, "multi-user.target")


def _once(name: str, what: str, order: str, wanted_by: str) -> Service:
    return Service(
        f"hardway-{name}.service", ONCE.format(what=what, order=order, script=f"{SCRIPTS}/{name}"), wanted_by
    )
