"""Makes the tree of an image: of Debian's packages with mmdebstrap, as the lab's base image is made, or of one program
from Go modules. Touches one directory, and the cache of programs.

mmdebstrap runs in namespaces of its own, so that no mount and no process is left, however it ends.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hardway.catalog.programs import PROGRAMS, version_of
from hardway.catalog.releases import DEFAULT_KUBERNETES, release
from hardway.images import packages
from hardway.images.description import Described, OneProgram
from hardway.images.faults import ImageFault
from hardway.images.lay import inside
from hardway.lab.base import own_mirror
from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.recipe import DEBIAN
from hardway.sources.cache import Cache
from hardway.sources.source import Item
from hardway.sources.store import Store

BUILD_SECONDS: Final = 1200.0
"""The longest that the packages may take."""
EPOCH: Final = "1577836800"
"""For what honours SOURCE_DATE_EPOCH (reproducible-builds.org): the beginning of 2020, always."""
NEEDED: Final = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "chroot": "coreutils"}
"""Programs of this computer, and their packages."""
STATUS: Final = "var/lib/dpkg/status"
"""What is in the tree, in a file of dpkg's form."""
_WRITE_STATUS: Final = (
    'for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --field "$deb" Package Version; echo; done'
    f' >"$1/{STATUS}"'
)
"""What dpkg writes of packages that are installed, and nobody of those that are but unpacked."""
_NO: Final = frozenset({"0", "false", "no", "off", "without", "disable"})
"""As apt reads a setting that is off."""
_ENTER: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


async def make_tree(said: Described, tree: Path, cache: Cache, on_line: Callable[[str], None]) -> Mapping[str, str]:
    """Makes `tree`; answers the versions of what is in it. Raises ImageFault, SourceFault."""
    if said.program is not None:
        return await _one_program(said.program, tree, cache, on_line)
    await _packages(said, tree, on_line)
    return packages.installed((tree / STATUS).read_text())


def program_version(program: OneProgram) -> str:
    """The version of a program in the newest release that hardway knows. Raises ImageFault."""
    if program.name not in PROGRAMS:
        raise ImageFault(f"there is no program {program.name} to make an image of", bad_input=True)
    return version_of(program.name, release(DEFAULT_KUBERNETES))


async def _one_program(
    program: OneProgram, tree: Path, cache: Cache, on_line: Callable[[str], None]
) -> Mapping[str, str]:
    version = program_version(program)
    entry = await Store(cache).obtain(Item(program.name, version), lambda _, line: on_line(line))
    tree.mkdir()
    place = inside(tree, program.path)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cache.path(entry.sha256), place)
    place.chmod(0o755)
    return {program.name: version}


async def _packages(said: Described, tree: Path, on_line: Callable[[str], None]) -> None:
    if os.geteuid() != 0:
        raise ImageFault("only root can make an image of packages", advice="Run it with sudo.")
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise ImageFault("a program is missing to make images with", advice=f"apt-get install {' '.join(missing)}")
    try:
        mirror = await own_mirror(DEBIAN, said.suite)
        source = f"deb [signed-by={DEBIAN.keyring}] {mirror} {said.suite} {DEBIAN.components}\n"
        await run(
            _command(said, tree, await _options_of_this_computer()),
            stdin=source,
            within=BUILD_SECONDS,
            environment={"SOURCE_DATE_EPOCH": EPOCH},
            on_line=on_line,
        )
    except LabFault as fault:
        raise ImageFault(
            f"the packages of {said.name} could not be had from Debian {said.suite}",
            fault.evidence or fault.what,
            f"Does the mirror that this computer's apt uses have suite {said.suite}?",
        ) from fault


async def _options_of_this_computer() -> Sequence[str]:
    """What this computer's apt is told of mirrors whose lists are old (apt.conf(5)): it holds here too."""
    told = await run(("apt-config", "dump", "--format=%v%n", "Acquire::Check-Valid-Until"))
    return ('--aptopt=Acquire::Check-Valid-Until "false"',) if told.strip() in _NO else ()


def _command(said: Described, tree: Path, options: Sequence[str]) -> Sequence[str]:
    how = ("--variant=essential",) if said.whole else ("--variant=extract", f"--extract-hook={_WRITE_STATUS}")
    return (
        *_ENTER,
        *("mmdebstrap", "--mode=root", "--format=directory", *how),
        f"--include={','.join(said.packages)}",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        '--aptopt=Acquire::Languages "none"',
        *options,
        *(said.suite, str(tree), "-"),
    )


async def applets(tree: Path, program: str) -> tuple[str, ...]:
    """The names that a busybox answers to, by asking it inside the tree. Raises ImageFault."""
    try:
        listed = await run((*_ENTER, "chroot", str(tree), program, "--list"))
    except LabFault as fault:
        raise ImageFault(f"{program} does not say what it can", fault.evidence or fault.what) from fault
    return tuple(sorted(set(listed.split())))
