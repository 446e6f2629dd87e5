"""What scripts for machines are made of: where programs are looked for, and names, checked before they go in. Pure."""

from __future__ import annotations

import re
from typing import Final

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin"

_UNIT_NAME: Final = re.compile(r"[A-Za-z0-9:_.\\@][-A-Za-z0-9:_.\\@]*")


def checked_path(path: str) -> str:
    """The path; ValueError for one that is not absolute or holds a NUL."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"no absolute path: {path!r}")
    return path


def checked_unit(unit: str) -> str:
    """The unit's name; ValueError for what cannot be one (systemd.unit(5))."""
    if not _UNIT_NAME.fullmatch(unit):
        raise ValueError(f"no name of a unit: {unit!r}")
    return unit


def setting_path(key: str) -> str:
    """The file of a sysctl, by sysctl(8)'s rule: the first separator, . or /, is the one between levels."""
    separators = [character for character in key if character in "./"]
    if separators and separators[0] == ".":
        key = key.translate(str.maketrans("./", "/."))
    if not key or key.startswith("/") or ".." in key.split("/"):
        raise ValueError(f"no sysctl: {key!r}")
    return f"/proc/sys/{key}"
