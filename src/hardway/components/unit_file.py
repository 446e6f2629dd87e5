"""systemd unit files and command lines, written from data. Pure; refuses what systemd would read otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hardway.components.component import ids
from hardway.components.layout import UNITS
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Budget, File, Probe, Unit

Settings = tuple[tuple[str, str], ...]
"""Lines of a section, in order; a key may come more than once."""

ALWAYS: Final[Settings] = (("Restart", "always"), ("RestartSec", "1"))
"""Come back after every end, a second later. With StartLimitIntervalSec=0 systemd never gives up: a program that waits
for another machine must not stay down because it asked too often (systemd.unit(5), "StartLimitIntervalSec=")."""

THROUGH_THE_VIP: Final[Settings] = (("Environment", "HTTP2_READ_IDLE_TIMEOUT_SECONDS=5 HTTP2_PING_TIMEOUT_SECONDS=5"),)
"""For clients that watch the API through its address. A watch is silent while nothing happens; where the balancer that
carried it is gone, a ping after so many silent seconds notices, and until then the client acts on old news. By default
that is 30 s, and 15 s for the ping's answer (k8s.io/apimachinery pkg/util/net/http.go)."""

HARDENED: Final[Settings] = (
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("SystemCallArchitectures", "native"),
    ("UMask", "0077"),
)
"""For programs that need a network and their own files, and nothing else (systemd.exec(5), "SANDBOXING")."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@:,./=+*{}()\[\]|~^!#?&<>-]+")
"""Words that systemd takes literally: no white space, quotes, backslash, $, % or ; (systemd.service(5))."""

_KEY: Final = re.compile(r"[A-Z][A-Za-z0-9]*")


def flags(own: Mapping[str, str], override: Mapping[str, str]) -> tuple[str, ...]:
    """`--name=value`, sorted by name; the spec's flags win over ours."""
    return tuple(f"--{name}={value}" for name, value in sorted({**own, **override}.items()))


def command(program: str, arguments: Iterable[str] = ()) -> str:
    """A command line, one argument a line. Raises ValueError for a word that systemd would not take literally."""
    return " \\\n  ".join(_word(word) for word in (program, *arguments))


def _word(word: str) -> str:
    if not _PLAIN.fullmatch(word):
        raise ValueError(f"not fit for a unit's command line: {word!r}")
    return word


def unit_text(unit: Settings, service: Settings, wanted_by: str = "multi-user.target") -> str:
    """The text of a service's unit file. Raises ValueError for a key or value that would break out of its line."""
    sections = {"Unit": unit, "Service": service, "Install": (("WantedBy", wanted_by),)}
    return "\n".join(_section(name, settings) for name, settings in sections.items())


def _section(name: str, settings: Settings) -> str:
    return f"[{name}]\n" + "".join(_line(key, value) for key, value in settings)


def _line(key: str, value: str) -> str:
    loose = value.replace(" \\\n", "")
    if not _KEY.fullmatch(key) or "\n" in loose or loose.endswith("\\"):
        raise ValueError(f"not fit for a unit file: {key}={value!r}")
    return f"{key}={value}\n"


def service(
    machine: str,
    chapter: Chapter,
    name: str,
    text: str,
    reads: Sequence[Resource],
    *,
    ready: Probe | None = None,
    ports: tuple[int, ...] = (),
    ready_within: float = 120.0,
    budget: Budget | None = None,
    starts_after: tuple[str, ...] = (),
) -> tuple[File, Unit]:
    """A unit file of ours and the unit: it restarts when the file or anything in `reads` changes."""
    file = File(chapter=chapter, machine=machine, path=f"{UNITS}/{name}", content=Content.of(text))
    unit = Unit(
        chapter=chapter,
        machine=machine,
        unit=name,
        restart_on=ids((file, *reads)),
        ready=ready,
        ports=ports,
        ready_within=ready_within,
        budget=budget,
        starts_after=starts_after,
    )
    return file, unit
