"""Whose this computer's processes are: a lab's, the running tests' own, left behind by nobody knows whom, or others'.

Only reads /proc, but for a mark in this process's environment, which everything inherits that is started from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OWNER = re.compile(r"(?:hardway([-.])|/hardway/(labs|clouds)/)([a-z0-9-]+)")
"""Whose a thing is, by its name: hardway-LAB, hardway.CLOUD, and their directories."""

WATCHED = re.compile(
    r"(systemd-nspawn|systemd-socket-(proxyd|activate)|mmdebstrap|haproxy|keepalived|etcd|kube-.*|kubelet|containerd.*|"
    r"runc|flanneld|coredns|ld-linux.*|ov[sn].*|microsocks)$"
)
"""Programs that a lab may leave running outside its control groups."""

MARK = f"HARDWAY_TESTS={os.getpid()}"
"""In the environment of this process and of what it starts, and so of what that leaves behind."""

NAMESPACES = ("net", "mnt", "pid")


@dataclass(frozen=True)
class Process:
    """A process, as /proc shows it (proc(5))."""

    pid: int
    parent: int
    command: str
    group: str | None
    """The control group of the lab or cloud it is in, by its name."""
    marked: bool
    namespaces: tuple[str, ...]
    """Those that are not this process's own: net:[4026532000]."""

    @property
    def owner(self) -> str | None:
        return owner(self.group or self.command)

    @property
    def watched(self) -> bool:
        return bool(WATCHED.match(Path(self.command.split(" ")[0]).name))

    @property
    def line(self) -> str:
        return f"in control group {self.group}" if self.group else self.command


def owner(line: str) -> str | None:
    """The lab that a line names, `cloud NAME` for a cloud, None for what bears nobody's name."""
    found = OWNER.search(line)
    if found is None:
        return None
    return f"cloud {found[3]}" if found[1] == "." or found[2] == "clouds" else found[3]


def of_interest(lab: str | None) -> Mapping[int, Process]:
    """Processes of the lab, of the running tests, or of nobody any more; without `lab` all labs' and all watched."""
    name, value = MARK.split("=")
    os.environ[name] = value
    processes = {one.pid: one for one in _all()}
    if lab is None:
        return {pid: one for pid, one in processes.items() if one.owner or one.watched}
    return {pid: one for pid, one in processes.items() if concerns(one, lab, processes)}


def concerns(process: Process, lab: str, all_of_them: Mapping[int, Process]) -> bool:
    """Whether the process may be something that the lab started, and not somebody else's for certain."""
    if process.owner is not None:
        return process.owner == lab
    if process.marked or os.getpid() in _ancestors(process, all_of_them):
        return True
    orphaned = process.parent == 1
    return orphaned and (process.watched or bool(process.namespaces))


def _ancestors(process: Process, all_of_them: Mapping[int, Process]) -> Iterator[int]:
    yield process.parent
    while process.parent in all_of_them:
        process = all_of_them[process.parent]
        yield process.parent


def _all() -> Iterator[Process]:
    own = _namespaces(Path("/proc/self"))
    for directory in Path("/proc").glob("[0-9]*"):
        if directory.name == str(os.getpid()):
            continue
        with suppress(OSError):  # ended meanwhile
            words = (directory / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            if any(words):  # else a thread of the kernel, or dead and not asked yet by its parent how it ended
                yield _process(directory, " ".join(words), own)


def _process(directory: Path, command: str, own: frozenset[str]) -> Process:
    group = re.search(r"/(hardway[-.][^/\n]+)", (directory / "cgroup").read_text())
    # The name in parentheses may hold anything; the second field after it is the parent.
    parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
    return Process(
        pid=int(directory.name),
        parent=int(parent),
        command=command,
        group=group[1] if group else None,
        marked=MARK.encode() in _environment(directory).split(b"\0"),
        namespaces=tuple(sorted(_namespaces(directory) - own)),
    )


def _environment(directory: Path) -> bytes:
    try:
        return (directory / "environ").read_bytes()
    except PermissionError:
        return b""


def _namespaces(directory: Path) -> frozenset[str]:
    try:
        return frozenset(str((directory / "ns" / kind).readlink()) for kind in NAMESPACES)
    except PermissionError:
        return frozenset()
