"""What a lab could leave behind on this computer, as one value: taken before and after, the two must be equal.

Only reads. What comes and goes by itself (other people's processes and ports, counters, lifetimes) is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tests.lab.host_processes import Process, of_interest, owner

SHARED = frozenset(
    {"/run/netns", "/run/hardway-netns", "/var/lib/hardway", "/var/lib/hardway/labs", "/var/lib/hardway/clouds"}
)
"""What goes with the last lab or cloud of all, so it says nothing about one of them."""


@dataclass(frozen=True)
class HostSnapshot:
    """This computer's own state. Sorted lines, so that == compares and a difference can be read."""

    mounts: tuple[str, ...]
    namespaces: tuple[str, ...]
    """By name, and those without one that a process holds."""
    cgroups: tuple[str, ...]
    """Topmost control groups, and those of labs, in each hierarchy."""
    links: tuple[str, ...]
    addresses: tuple[str, ...]
    routes: tuple[str, ...]
    nftables: tuple[str, ...]
    listeners: tuple[str, ...]
    """Held by one of the processes below, by systemd, or by the kernel alone."""
    processes: tuple[str, ...]
    """Control groups of the lab that have processes, and command lines of others that may be the lab's."""
    paths: tuple[str, ...]
    """Directories and marks of labs."""

    def difference(self, other: HostSnapshot) -> tuple[str, ...]:
        """What only `other` has (+), and what only this one has (-)."""
        lines: list[str] = []
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            lines += (f"+ {field.name}: {line}" for line in theirs if line not in mine)
            lines += (f"- {field.name}: {line}" for line in mine if line not in theirs)
            if set(mine) == set(theirs) and mine != theirs:
                lines.append(f"* {field.name}: {len(mine)} lines became {len(theirs)}")
        return tuple(lines)


def take_snapshot(lab: str | None = None) -> HostSnapshot:
    """This computer now. With `lab`, what is other labs' or clouds' by its name is left out, and so are processes that
    are somebody else's for certain: all of those may come and go."""
    processes = of_interest(lab)
    seen = HostSnapshot(
        mounts=tuple(_mounts()),
        namespaces=(*_names(Path("/run/netns")), *_held(processes.values())),
        cgroups=tuple(_cgroups()),
        links=_links(),
        addresses=_addresses(),
        routes=_routes(),
        nftables=tuple(_nftables()),
        listeners=tuple(_listeners(processes)),
        processes=(*{one.line for one in processes.values() if one.group}, *_ungrouped(processes.values())),
        paths=tuple(_paths()),
    )
    return HostSnapshot(*(_of_interest(getattr(seen, field.name), lab) for field in fields(seen)))


def _of_interest(lines: Iterable[str], lab: str | None) -> tuple[str, ...]:
    return tuple(sorted(line for line in lines if lab is None or concerns_lab(line, lab)))


def concerns_lab(line: str, lab: str) -> bool:
    return line.split(" ")[0] not in SHARED and owner(line) in (None, lab)


def _mounts() -> Iterator[str]:
    """Mount point, type, source, options (proc_pid_mountinfo(5)), without numbers that each mount has anew."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        own, _, rest = line.partition(" - ")
        words = own.split(" ")
        kind, source = rest.split(" ")[:2]
        yield f"{words[4]} {kind} {source} {words[5]}"


def _held(processes: Iterable[Process]) -> set[str]:
    """Each with who is in it."""
    return {f"{namespace} {process.line}" for process in processes for namespace in process.namespaces}


def _ungrouped(processes: Iterable[Process]) -> Iterator[str]:
    return (one.line for one in processes if one.group is None)


def _cgroups() -> Iterator[str]:
    top = Path("/sys/fs/cgroup")
    for directory, names, _ in os.walk(top):
        labs = [name for name in names if name.startswith(("hardway-", "hardway."))]
        topmost = names if len(Path(directory).relative_to(top).parts) < 2 else labs
        yield from (f"{directory}/{name}" for name in topmost)
        names[:] = [name for name in names if name not in labs]


def _links() -> tuple[str, ...]:
    keys = ("ifname", "address", "mtu", "master", "link")
    return tuple(" ".join(f"{link.get(key, '-')}" for key in keys) for link in _ip("link", "show"))


def _addresses() -> tuple[str, ...]:
    return tuple(
        f"{link['ifname']} {address['local']}/{address['prefixlen']}"
        for link in _ip("address", "show")
        for address in link["addr_info"]
    )


def _routes() -> tuple[str, ...]:
    keys = ("type", "dst", "gateway", "dev", "table", "metric")
    routes = (route for family in ("-4", "-6") for route in _ip(family, "route", "show", "table", "all"))
    return tuple(" ".join(f"{route.get(key, '-')}" for key in keys) for route in routes)


def _nftables() -> Iterator[str]:
    """The ruleset without counters; nothing for users who may not see it. Raises FileNotFoundError without nft."""
    if os.geteuid() == 0:
        rules = _output("nft", "--stateless", "list", "ruleset")
        # Of equal lines, such as closing braces, each counts: numbered, they can be compared as a set.
        yield from (f"{number:04} {line}" for number, line in enumerate(rules.splitlines()))


def _listeners(processes: Mapping[int, Process]) -> Iterator[str]:
    """Each with the control group or the program that holds it."""
    for line in _output("ss", "-H", "-ltnup").splitlines():
        words, holders = line.split(), [int(pid) for pid in re.findall(r"pid=(\d+)", line)]
        known = sorted({processes[pid].line for pid in holders if pid in processes})
        if not holders or known or _systemd() & {*holders}:
            yield " ".join((words[0], words[4], *known))


def _systemd() -> frozenset[int]:
    """PID 1 where it is systemd: it listens for socket units."""
    return frozenset({1} if Path("/run/systemd/system").is_dir() else ())


def _paths() -> Iterator[str]:
    yield from (path for path in SHARED if Path(path).exists())
    for top in ("/var/lib/hardway", "/var/lib/hardway/labs", "/var/lib/hardway/clouds", "/run/systemd/nspawn"):
        yield from (f"{top}/{name}" for name in _names(Path(top)))


def _names(directory: Path) -> tuple[str, ...]:
    return tuple(path.name for path in directory.iterdir()) if directory.is_dir() else ()


def _ip(*arguments: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = json.loads(_output("ip", "-json", *arguments) or "[]")
    return shown


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
