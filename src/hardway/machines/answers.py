"""What a machine answered to `questions`, read. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Final

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.machines.inventory import parse as parse_inventory
from hardway.machines.observation import Observation, PathSeen, StrangeAnswer, UnitSeen

_RESOURCE_CAPABILITY: Final = 1 << 24
"""CAP_SYS_RESOURCE (capabilities(7)): without it no oom_score_adj can be lowered."""


def parse(answer: bytes, address: str | None = None) -> Observation:
    """What the script's output says; `address` is the machine's own, where it is known.

    Raises StrangeAnswer for one that is not whole.
    """
    sections = _sections(answer)
    if "facts" not in sections or "end" not in sections:
        raise StrangeAnswer(f"the answer is not whole: it ends with {answer[-60:]!r}")
    facts = dict(_words(sections["facts"]))
    return Observation(
        facts=_facts(facts, sections, address),
        hostname=facts.get("hostname", ""),
        static_hostname=facts.get("static", ""),
        boot_id=facts.get("boot", ""),
        cluster=facts.get("cluster") or None,
        owned=parse_inventory(_text(sections.get("inventory", b""))),
        busy="busy" in sections,
        paths=_paths(sections.get("paths", b"")),
        beneath=_paths(sections.get("beneath", b"")),
        hashes=parse_hashes(sections.get("hashes", b"")),
        users=frozenset(line.split(":")[0] for line in _text(sections.get("users", b"")).splitlines()),
        units=_units(_text(sections.get("units", b""))),
        started={unit: stamp for unit, stamp in _words(sections.get("started", b"")) if stamp},
        settings={key: " ".join(value.split()) for key, value in _words(sections.get("settings", b""))},
        modules=frozenset(_text(sections.get("modules", b"")).split()),
        swap=facts.get("swap") == "on",
        reboot="reboot" in facts,
        packages=frozenset(name for name, state in _words(sections.get("packages", b"")) if state == "installed"),
        images=_images(_text(sections.get("images", b""))),
    )


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _words(data: bytes) -> Iterable[tuple[str, str]]:
    """Each line's first word and the rest of it."""
    for line in _text(data).splitlines():
        first, _, rest = line.partition(" ")
        yield first, rest


def _sections(answer: bytes) -> Mapping[str, bytes]:
    """Two NULs and a name begin a section. What `stat` and `sha256sum` end with a NUL of their own keeps it apart."""
    found: dict[str, bytes] = {}
    for part in re.split(rb"\0\0(?=[a-z]+\0)", answer)[1:]:
        name, _, body = part.partition(b"\0")
        found[name.decode()] = body
    return found


def _facts(facts: Mapping[str, str], sections: Mapping[str, bytes], address: str | None) -> Facts:
    kernel, _, arch = facts.get("uname", "").partition(" ")
    os = dict(_os_release(_text(sections.get("os", b""))))
    resolv_conf, *nameservers = facts.get("resolv", DEFAULT_FACTS.resolv_conf).split()
    _, _, reached, *_ = [*facts.get("connection", "").split(), "", "", ""]
    interface, mtu = _interface(_text(sections.get("addresses", b"")), address or reached)
    return Facts(
        os_id=os.get("ID", "linux"),
        os_version=os.get("VERSION_ID", ""),
        arch=arch,
        kernel=kernel,
        cgroup="v2" if facts.get("cgroup") == "v2" else "v1",
        restricted_oom=not int(facts.get("capabilities") or "0", 16) & _RESOURCE_CAPABILITY,
        container="container" in facts,
        interface=interface,
        mtu=mtu,
        resolv_conf=resolv_conf,
        nameservers=tuple(sorted(nameservers)),
        time_unit=facts.get("time"),
        selinux="selinux" in facts,
    )


_LINK: Final = re.compile(r"^\d+: ([^:@]+)(?:@[^:]+)?: .*\bmtu (\d+)")


def _interface(shown: str, address: str) -> tuple[str, int]:
    """The interface with that address and its MTU, from `ip -4 addr`; /sys shows a container the host's instead."""
    link = DEFAULT_FACTS.interface, DEFAULT_FACTS.mtu
    for line in shown.splitlines():
        if match := _LINK.match(line):
            link = match[1], int(match[2])
        elif line.strip().startswith(f"inet {address}/"):
            return link
    return DEFAULT_FACTS.interface, DEFAULT_FACTS.mtu


def _os_release(text: str) -> Iterable[tuple[str, str]]:
    """Assignments in a shell's syntax (os-release(5)), read without a shell."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals or name.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            continue
        yield name, words[0] if words else ""


_FIELDS: Final = 7


def _paths(data: bytes) -> Mapping[str, PathSeen]:
    fields = _text(data).split("\0")
    rows = (fields[start : start + _FIELDS] for start in range(0, len(fields) - _FIELDS + 1, _FIELDS))
    return {row[0]: _path(*row) for row in rows}


def _path(name: str, kind: str, mode: str, user: str, group: str, signature: str, arrow: str) -> PathSeen:
    target = arrow.removeprefix(f"{name} -> ") if kind == "symbolic link" else None
    return PathSeen(kind, mode.zfill(4), user if user == group else f"{user}:{group}", signature, target)


def parse_hashes(data: bytes) -> Mapping[str, str]:
    """Hashes by path, from the output of `sha256sum -z`."""
    rows = (row.partition("  ") for row in _text(data).split("\0") if row)
    return {path: sha256 for sha256, _, path in rows}


def _units(text: str) -> Mapping[str, UnitSeen]:
    found: dict[str, UnitSeen] = {}
    for block in text.split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        seen = UnitSeen(*(properties.get(key, "") for key in ("LoadState", "ActiveState", "UnitFileState")))
        for name in (properties.get("Id", ""), *properties.get("Names", "").split()):
            found[name] = seen
    return found


def _images(text: str) -> Mapping[str, str]:
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row[2] for row in rows if len(row) > 2 and row[2].startswith("sha256:")}
