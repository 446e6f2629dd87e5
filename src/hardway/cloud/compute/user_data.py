"""What a server's user data asks for, read from `#cloud-config` or a script. Pure.

Whoever made the server wrote it, so nothing in it is trusted: what is not of the expected shape is not applied, and is
said in `remarks`, which go to the server's console. The keys that are applied, and their meaning, are those of
cloud-init (https://cloudinit.readthedocs.io/en/latest/reference/modules.html): `hostname`, `ssh_authorized_keys`,
`ssh_keys`, `write_files`, `runcmd`.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

CLOUD_CONFIG = "#cloud-config"
HOSTNAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
"""hostname(7), one label."""
AUTHORIZED_KEY = re.compile(r"[\x20-\x7e]+")
HOST_KEY = re.compile(r"(rsa|ecdsa|ed25519)_(private|public)")
OWNER = re.compile(r"[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?")
PLAIN, BASE64 = ("", "text/plain"), ("b64", "base64")


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host key of sshd(8), in OpenSSH's formats."""

    kind: str
    private: str = field(repr=False)
    public: str


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that is written in the server at its first boot."""

    path: str
    content: bytes = field(repr=False)
    mode: str = "0644"
    owner: str = "root:root"
    append: bool = False


@dataclass(frozen=True, slots=True)
class UserData:
    """What is applied, and what is not."""

    hostname: str | None = None
    authorized_keys: tuple[str, ...] = ()
    host_keys: tuple[HostKey, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    commands: tuple[str | tuple[str, ...], ...] = ()
    """A shell's line, or the words of a command."""
    script: bytes = field(default=b"", repr=False)
    """A program that begins with #!."""
    remarks: tuple[str, ...] = ()
    """What was found and not applied, and why."""


class _Unfit(Exception):
    """A value that is not of the shape that its key asks for."""


def read_user_data(raw: bytes) -> UserData:
    """Never raises: data that cannot be read at all is a remark."""
    if not raw.strip():
        return UserData()
    if raw.startswith(b"#!"):
        return UserData(script=raw)
    try:
        text = raw.decode()
        if text.split("\n", 1)[0].strip() != CLOUD_CONFIG:
            return UserData(remarks=("the user data is neither #cloud-config nor a script that begins with #!",))
        document = yaml.safe_load(text)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        return UserData(remarks=(f"the user data cannot be read: {_one_line(error)}",))
    if document is None:
        return UserData()
    if not isinstance(document, dict):
        return UserData(remarks=("the user data is no mapping",))
    return _read(document)


def _read(document: dict[Any, Any]) -> UserData:
    applied: dict[str, Any] = {}
    remarks = []
    for key, value in document.items():
        known = READERS.get(key) if isinstance(key, str) else None
        if known is None:
            remarks.append(f"{_shown(key)} is not known here")
            continue
        name, read = known
        try:
            applied[name] = read(value)
        except _Unfit as unfit:
            remarks.append(f"{key}: {unfit}")
    return UserData(**applied, remarks=tuple(remarks))


def _hostname(value: Any) -> str:
    if not isinstance(value, str) or not HOSTNAME.fullmatch(value):
        raise _Unfit(f"{_shown(value)} is no host name")
    return value


def _authorized_keys(value: Any) -> tuple[str, ...]:
    keys = _list(value)
    for key in keys:
        if not isinstance(key, str) or not AUTHORIZED_KEY.fullmatch(key.strip()):
            raise _Unfit("a key is not one line of text")
    return tuple(key.strip() for key in keys)


def _host_keys(value: Any) -> tuple[HostKey, ...]:
    if not isinstance(value, dict):
        raise _Unfit("it is no mapping")
    found: dict[str, dict[str, str]] = {}
    for name, text in value.items():
        match = HOST_KEY.fullmatch(name) if isinstance(name, str) else None
        if match is None or not isinstance(text, str):
            raise _Unfit(f"{_shown(name)} is no key of a kind that is known here")
        found.setdefault(match[1], {})[match[2]] = text.strip()
    for kind, halves in found.items():
        if len(halves) != 2 or "\n" in halves["public"]:
            raise _Unfit(f"{kind}: both its private and its public key are needed, the latter on one line")
    return tuple(HostKey(kind, halves["private"] + "\n", halves["public"]) for kind, halves in found.items())


def _files(value: Any) -> tuple[WrittenFile, ...]:
    return tuple(map(_file, _list(value)))


def _file(value: Any) -> WrittenFile:
    if not isinstance(value, dict):
        raise _Unfit("a file is no mapping")
    path, content = value.get("path"), value.get("content", "")
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        raise _Unfit(f"{_shown(path)} is no absolute path")
    if not isinstance(content, str):
        raise _Unfit(f"{path}: its content is no text")
    owner = value.get("owner", "root:root")
    if not isinstance(owner, str) or not OWNER.fullmatch(owner):
        raise _Unfit(f"{path}: {_shown(owner)} is no owner")
    more = value.keys() - {"path", "content", "encoding", "owner", "permissions", "append"}
    if more:
        raise _Unfit(f"{path}: {', '.join(sorted(map(_shown, more)))}: not known here")
    return WrittenFile(
        path=path,
        content=_decoded(path, content, value.get("encoding", "")),
        mode=_mode(path, value.get("permissions", "0644")),
        owner=owner,
        append=value.get("append") is True,
    )


def _decoded(path: str, content: str, encoding: Any) -> bytes:
    if encoding in PLAIN:
        return content.encode()
    if encoding not in BASE64:
        raise _Unfit(f"{path}: the encoding {_shown(encoding)} is not known here")
    try:
        return b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Unfit(f"{path}: its content is not base64") from error


def _mode(path: str, value: Any) -> str:
    text = f"{value:04o}" if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch("(0o)?[0-7]{3,4}", text):
        raise _Unfit(f"{path}: {_shown(value)} are no permissions")
    return text.removeprefix("0o")


def _commands(value: Any) -> tuple[str | tuple[str, ...], ...]:
    return tuple(map(_command, _list(value)))


def _command(value: Any) -> str | tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str | int) and "\0" not in str(word) for word in words):
        raise _Unfit("a command is neither text nor a list of words")
    return tuple(map(str, words)) if isinstance(value, list) else str(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit("it is no list")
    return value


def _shown(value: Any) -> str:
    """A value for the console: short, on one line, without control characters."""
    return repr(value)[:60]


def _one_line(error: Exception) -> str:
    return " ".join(ascii(str(error))[1:-1].replace("\\n", " ").split())[:200]


READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "hostname": ("hostname", _hostname),
    "ssh_authorized_keys": ("authorized_keys", _authorized_keys),
    "ssh_keys": ("host_keys", _host_keys),
    "write_files": ("files", _files),
    "runcmd": ("commands", _commands),
}


def known_keys() -> Iterator[str]:
    """The keys of #cloud-config that are applied."""
    return iter(READERS)
