"""A machine at one moment, as a value: what `questions` asks and `answers` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hardway.components.facts import Facts
from hardway.machines.inventory import Entry, Key


class StrangeAnswer(Exception):
    """A machine's answer is not what the script prints: it was cut off, or something else answered."""


@dataclass(frozen=True, slots=True)
class PathSeen:
    """What lstat(2) says of a path."""

    type: str
    """As stat(1) says it: regular file, directory, symbolic link, ..."""
    mode: str
    """Four octal digits."""
    owner: str
    """The user's name where the group's is the same, else user:group."""
    signature: str
    """Size, times of change and inode: the same as long as nobody wrote to it."""
    target: str | None
    """Where a symbolic link leads."""


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """What systemd says of a unit."""

    load: str
    active: str
    enabled: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A machine at one moment."""

    facts: Facts
    hostname: str
    static_hostname: str
    boot_id: str
    cluster: str | None
    """The id of the cluster that it belongs to."""
    owned: Mapping[Key, Entry]
    busy: bool
    """A script of an earlier run is still at work there."""
    paths: Mapping[str, PathSeen]
    beneath: Mapping[str, PathSeen]
    """What symbolic links lead to, and directories."""
    hashes: Mapping[str, str]
    users: frozenset[str]
    units: Mapping[str, UnitSeen]
    started: Mapping[str, str]
    """By unit: the digest of what it read when it last proved ready."""
    settings: Mapping[str, str]
    modules: frozenset[str]
    swap: bool
    reboot: bool
    """Nothing of ours is on it yet, and its distribution asks for a restart: by the file of Debian's update-notifier
    and unattended-upgrades, or by needs-restarting(1) of Red Hat's."""
    packages: frozenset[str]
    images: Mapping[str, str]
    """Manifest digests by reference, as containerd has them."""
