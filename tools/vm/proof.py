"""Runs inside the virtual machine: a cluster made, verified and taken away by hardway, and a look at what is left.

Needs nothing but Python's own library. What it prints is read by `tools/vm/report.py`: lines that begin with MARK say
where a section begins and ends; the rest is what the section's commands said.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

MARK = "=#="
HERE = Path(__file__).parent
PLACE = Path("/root/proof")
"""Where the spec lies, and hardway's state beside it."""
CHANGES = 3
"""The exit code of `hardway plan` where there are changes."""

Snapshot = Mapping[str, frozenset[str]]


class Failed(Exception):
    """A section did not show what it shall; the message says what."""


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()  # in order with what the programs write


def command(*argv: str) -> int:
    """Run a program and say what it says, line by line; it sees no terminal."""
    say("$", *argv)
    with subprocess.Popen(
        argv, cwd=PLACE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        for line in program.stdout or ():
            say(line.rstrip())
    return program.returncode


def output(*argv: str) -> str:
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def hardway(*arguments: str) -> int:
    return command(str(HERE / "bin/hardway"), *arguments)


def must(*arguments: str) -> None:
    """Raises Failed where hardway does not end with 0."""
    code = hardway(*arguments)
    if code:
        raise Failed(f"hardway {arguments[0]} ended with status {code}")


def computer() -> None:
    """What this is: Failed unless it has cgroup v2 alone, and systemd as PID 1."""
    groups = output("stat", "-f", "-c", "%T", "/sys/fs/cgroup").strip()
    first = Path("/proc/1/comm").read_text().strip()
    name = next(line for line in Path("/etc/os-release").read_text().splitlines() if line.startswith("PRETTY_NAME"))
    say(f"{name}, Linux {output('uname', '-r').strip()}, Python {sys.version.split()[0]}")
    say(f"/sys/fs/cgroup is {groups}, PID 1 is {first}")
    if (groups, first) != ("cgroup2fs", "systemd"):
        raise Failed("this is not the kind of computer that the proof is about")


def up() -> None:
    must("up", "--yes")


def nothing_to_do() -> None:
    """A second plan is empty."""
    code = hardway("plan")
    if code:
        raise Failed("the plan is not empty" if code == CHANGES else f"hardway plan ended with status {code}")


def verify() -> None:
    must("verify")


def power_cut() -> None:
    """A worker loses its power; `up` brings it back, and nothing else is to be done."""
    worker = next(line.split()[-1] for line in (PLACE / "cluster.yaml").read_text().splitlines() if "-worker-" in line)
    must("lab", "kill", worker)
    must("up", "--yes")


def down() -> None:
    must("down", "--yes")


def snapshot() -> Snapshot:
    """What a cluster could leave behind on this computer."""
    return {
        "mounts": frozenset(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()),
        "control groups": frozenset(map(str, Path("/sys/fs/cgroup").rglob("*/"))),
        "network namespaces": frozenset(output("ip", "netns", "list").splitlines()),
        "links": frozenset(link["ifname"] for link in json.loads(output("ip", "-json", "link"))),
        "routes": frozenset(output("ip", "route", "show", "table", "all").splitlines()),
        "listeners": frozenset(" ".join(line.split()[:5]) for line in output("ss", "-Hltn").splitlines()),
        "units": frozenset(_units("hardway-*")),
        "failed units": frozenset(_units("--failed")),
        "processes": frozenset(_processes()),
        "directories": frozenset(map(str, Path("/var/lib").glob("*"))),
        "files of /run": frozenset(map(str, Path("/run").glob("*"))),
    }


def _units(which: str) -> Iterator[str]:
    for line in output("systemctl", "list-units", "--all", "--plain", "--no-legend", which).splitlines():
        yield line.split()[0]


def _processes() -> Iterator[str]:
    """Names of programs; the kernel's own threads have no file."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield str((process / "exe").readlink())
        except OSError:
            continue


def nothing_is_left(before: Snapshot) -> None:
    after = snapshot()
    left = {what: sorted(after[what] - found) for what, found in before.items() if after[what] - found}
    for what, names in left.items():
        say(f"{what}: {', '.join(names)}")
    if left:
        raise Failed("something is left: " + ", ".join(left))
    say("mounts, control groups, namespaces, links, routes, listeners, units, processes: as before")


def evidence() -> None:
    """What helps to see why a section failed."""
    command("systemctl", "--no-pager", "--failed")
    command("journalctl", "--no-pager", "-b", "-p", "warning", "-n", "40")
    for console in sorted(Path("/var/lib/hardway/labs").glob("*/machines/*/console.log")):
        command("tail", "-n", "25", str(console))


def section(name: str, work: Callable[[], None]) -> bool:
    """Run a section between its marks; whether it showed what it shall."""
    began, fault = time.monotonic(), ""
    say(MARK, "begin", name)
    try:
        work()
    except Failed as failure:
        fault = str(failure)
        evidence()
    say(
        MARK,
        "failed" if fault else "passed",
        f"{time.monotonic() - began:.1f}",
        name,
        *([f"({fault})"] if fault else []),
    )
    return not fault


def prove() -> bool:
    """All sections; after a failed one nothing but taking the cluster away."""
    shutil.copytree(HERE, PLACE, ignore=lambda folder, names: [name for name in names if name != "cluster.yaml"])
    before = snapshot()
    work: Sequence[tuple[str, Callable[[], None]]] = (
        ("the computer", computer),
        ("up", up),
        ("plan is empty", nothing_to_do),
        ("verify", verify),
        ("a worker's power is cut", power_cut),
        ("verify again", verify),
    )
    # `all` stops at the first that fails.
    well = all(section(name, one) for name, one in work)
    away = [section("down", down), section("nothing is left", lambda: nothing_is_left(before))]
    return well and all(away)


if __name__ == "__main__":
    proved = prove()
    say(MARK, "end", "proved" if proved else "not proved")
    sys.exit(not proved)
