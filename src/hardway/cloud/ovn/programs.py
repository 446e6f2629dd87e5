"""Open vSwitch and OVN: Debian 13's packages, unpacked in the cache with all that they need, and run from there.

Older releases will not do: Open vSwitch 3.1 (Debian 12) aborts when a gateway fails over. Each program has a wrapper in
`bin` that starts it by the tree's own dynamic loader (ld.so(8)), so nothing of this computer's system is used or
changed. Touches <cache>/cloud/ovn-<digest> only.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from hardway.cloud.environment import cache
from hardway.cloud.faults import CloudFault
from hardway.lab.base import source_lines
from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.locks import locked

RECIPE = 2
"""Raised when the way in which the tree is made changes."""
SUITE = "trixie"
PACKAGES = ("openvswitch-switch", "ovn-central", "ovn-host")
PROGRAMS = (
    "usr/lib/openvswitch-switch/ovs-vswitchd",
    "usr/sbin/ovsdb-server",
    "usr/bin/ovsdb-client",
    "usr/bin/ovsdb-tool",
    "usr/bin/ovs-vsctl",
    "usr/bin/ovs-appctl",
    "usr/bin/ovs-ofctl",
    "usr/bin/ovn-northd",
    "usr/bin/ovn-controller",
    "usr/bin/ovn-nbctl",
    "usr/bin/ovn-sbctl",
    "usr/bin/ovn-appctl",
    "usr/bin/ovn-trace",
)
BUILD_SECONDS = 600.0
VERSIONS = "versions.txt"


def digest() -> str:
    """What distinguishes the tree: 16 hexadecimal digits over suite, packages and programs."""
    return sha256(json.dumps([RECIPE, SUITE, PACKAGES, PROGRAMS]).encode()).hexdigest()[:16]


def programs_path() -> Path:
    return cache() / f"ovn-{digest()}"


def schema(tree: Path, name: str) -> Path:
    """The schema of a database, such as ovn/ovn-nb."""
    return tree / "usr/share" / f"{name}.ovsschema"


def versions(tree: Path) -> str:
    """What the tree holds, as its programs said when it was made."""
    file = tree / VERSIONS
    return file.read_text().strip() if file.exists() else ""


async def ensure_programs(on_line: Callable[[str], None]) -> Path:
    """The tree, made now if the cache has none. Raises CloudFault."""
    tree = programs_path()
    tree.parent.mkdir(parents=True, exist_ok=True)
    async with locked(tree.parent):
        if not tree.is_dir():
            on_line("unpacking Open vSwitch and OVN of Debian 13")
            await _make(tree, on_line)
    return tree


async def _make(tree: Path, on_line: Callable[[str], None]) -> None:
    partial = tree.with_name(f".partial-{tree.name}")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    try:
        await _unpack(partial, on_line)
        _write_wrappers(partial)
        await _note_versions(partial)
        partial.rename(tree)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        raise


async def _unpack(tree: Path, on_line: Callable[[str], None]) -> None:
    """mmdebstrap(1), variant `extract`: the packages and what they need, without running anything of theirs."""
    argv = (
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--format=directory", "--variant=extract"),
        "--include=" + ",".join(PACKAGES),
        '--aptopt=Acquire::Languages "none"',
        *(SUITE, str(tree), "-"),
    )
    try:
        sources = await source_lines(SUITE, None)
        await run(argv, stdin="\n".join(sources) + "\n", within=BUILD_SECONDS, on_line=on_line)
    except LabFault as fault:
        raise CloudFault(
            "Open vSwitch and OVN could not be unpacked", fault.evidence or fault.what, fault.advice
        ) from fault


async def _note_versions(tree: Path) -> None:
    """Also the proof that the programs run."""
    lines = [await run((str(tree / "bin" / name), "--version")) for name in ("ovs-vswitchd", "ovn-controller")]
    switch, controller = (line.split("\n")[0].split()[-1] for line in lines)
    (tree / VERSIONS).write_text(f"OVN {controller}, OVS {switch}\n")


def _write_wrappers(tree: Path) -> None:
    loader = next(_loaders(tree)).relative_to(tree)
    (tree / "bin").mkdir()
    for program in PROGRAMS:
        path = tree / "bin" / Path(program).name
        path.write_text(wrapper(program, loader))
        path.chmod(0o755)


def _loaders(tree: Path) -> Iterator[Path]:
    yield from (tree / "usr/lib").glob("*-linux-gnu/ld-linux*.so.*")
    raise CloudFault(f"no dynamic loader in {tree}", advice="this architecture is not known to hardway")


def wrapper(program: str, loader: Path) -> str:
    """A shell script that stands in for a program of the tree."""
    return (
        "#!/bin/sh\n"
        "tree=${0%/*}/..\n"
        f'exec "$tree/{loader}" --argv0 {Path(program).name} --library-path "$tree/{loader.parent}" '
        f'"$tree/{program}" "$@"\n'
    )
