"""What the lab needs of this computer: looks at it, and installs what is missing.

`examine` changes nothing (what it tries, it tries in namespaces of its own); `install` installs packages of Debian or
Ubuntu, and raises one kernel limit until the next boot.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardway.lab.cgroups import keeper
from hardway.lab.commands import run, succeeds
from hardway.lab.faults import LabFault
from hardway.lab.forward import PROXY
from hardway.lab.places import labs_root
from hardway.lab.recipe import DEBIAN
from hardway.sources.cache import cache_root

FILE_SYSTEMS = Path("/proc/filesystems")
BRIDGE_SETTINGS = Path("/proc/sys/net/bridge")
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 512
"""The usual 128 are not enough for two labs: "Failed to create control group inotify object"."""
FREE_BYTES = 10 << 30
INSTALL_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Need:
    """Something that the lab needs of this computer."""

    what: str
    met: bool
    why: str
    """What it is for; where it is not met, also what was found instead."""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A program, or a file by its path, that a package brings."""

    what: str
    package: str
    why: str

    @property
    def there(self) -> bool:
        return Path(self.what).exists() if self.what.startswith("/") else shutil.which(self.what) is not None


BUILDS = "building programs from Go modules (runc, flannel): not needed where releases are downloaded"
MODPROBE = "modprobe"
PACKAGED = (
    Packaged("systemd-nspawn", "systemd-container", "the machines"),
    Packaged("mmdebstrap", "mmdebstrap", "the machines' base image"),
    Packaged(DEBIAN.keyring, DEBIAN.keyring_package, "verifying the base image's packages"),
    Packaged("apt-get", "apt", "finding the mirror of the base image's packages"),
    Packaged("ip", "iproute2", "the machines' network"),
    Packaged("sysctl", "procps", "the machines' network"),
    Packaged("nsenter", "util-linux", "the machines' namespaces"),
    Packaged("unshare", "util-linux", "the machines' namespaces"),
    Packaged("setsid", "util-linux", "keeping the machines running"),
    Packaged("mount", "mount", "the machines' disks"),
    Packaged(MODPROBE, "kmod", "loading what the kernel has as modules"),
    Packaged("ssh", "openssh-client", "hardway lab shell, hardway lab exec"),
    Packaged(PROXY, "systemd", "the way in to the Kubernetes API"),
    Packaged("gcc", "gcc", BUILDS),
    Packaged("pkg-config", "pkg-config", BUILDS),
    Packaged("/usr/include/stdio.h", "libc6-dev", BUILDS),
    Packaged("/usr/include/seccomp.h", "libseccomp-dev", BUILDS),
)

NO_UPPER = frozenset({"overlayfs", "nfs", "fuseblk", "msdos", "smb2"})
"""File systems, as stat(1) names them, that cannot be the upper layer of an overlay: the kernel's overlayfs.rst."""

LINKS = {
    "veth": ("type", "veth", "peer", "name", "probe1"),
    "bridge": ("type", "bridge"),
    "vxlan": ("type", "vxlan", "id", "1", "dstport", "8472", "dev", "lo"),
}
"""What the kernel must be able to make, as ip-link(8) wants it said."""


async def examine() -> Sequence[Need]:
    """All needs, met or not. Anybody may ask; what only root can try counts as not met for others."""
    return (_root(), *map(_packaged, PACKAGED), *await _kernel(), _cgroups(), _inotify(), await _upper(), *_disks())


async def install(report: Callable[[str, str], None]) -> None:
    """Install the missing packages with apt-get, and raise the inotify limit until the next boot. Raises LabFault.

    Does nothing where nothing is missing. `report` is told of progress: what it is about, and a line.
    """
    if os.geteuid() != 0:
        raise LabFault("only root can install what the lab needs", advice="run `sudo hardway lab doctor --install`")
    missing = sorted({each.package for each in PACKAGED if not each.there})
    if missing:
        await install_packages(missing, report)
    if not _inotify().met:
        INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n")
        report("kernel", f"fs.inotify.max_user_instances is {INOTIFY_INSTANCES} until the next boot")


async def install_packages(packages: Sequence[str], report: Callable[[str, str], None]) -> None:
    """Install packages of Debian or Ubuntu. Raises LabFault where there is no apt-get, or it fails."""
    if shutil.which("apt-get") is None:
        raise LabFault(
            "this computer has no apt-get, so packages cannot be installed for you",
            advice=f"install what Debian calls {', '.join(packages)}",
        )
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", *packages)):
        await run(
            ("apt-get", "-q", *arguments),
            within=INSTALL_SECONDS,
            environment={"DEBIAN_FRONTEND": "noninteractive"},
            on_line=lambda line: report("packages", line),
        )


def _root() -> Need:
    why = "machines, mounts and namespaces are made"
    return Need("root", os.geteuid() == 0, why, "run hardway with sudo")


def _packaged(wanted: Packaged) -> Need:
    return Need(wanted.what, wanted.there, wanted.why, f"apt-get install {wanted.package}")


async def _kernel() -> Sequence[Need]:
    probes = {name: ("ip", "link", "add", "name", "probe0", *words) for name, words in LINKS.items()}
    able, *links = await asyncio.gather(_can(("true",)), *map(_can, probes.values()))
    return (
        _feature("network namespaces", able, "a network for each machine"),
        *(_feature(name, met, "the machines' and pods' network") for name, met in zip(probes, links, strict=True)),
        _module("overlayfs", await _overlay(), "the machines' disks"),
        _module("br_netfilter", await _bridge_filter(), "services between pods of one worker"),
    )


def _feature(name: str, met: bool, why: str) -> Need:
    if not met and os.geteuid() != 0:
        return Need(f"kernel: {name}", met, f"{why}; only root can try it", "run hardway with sudo")
    return Need(f"kernel: {name}", met, why, "boot a kernel that has it: Debian's and Ubuntu's do")


def _module(name: str, met: bool, why: str) -> Need:
    """A feature that may be a module: without modprobe(8) nobody can tell, and that is not the kernel's fault."""
    if not met and shutil.which(MODPROBE) is None:
        return Need(
            f"kernel: {name}", met, f"{why}; without {MODPROBE} only what is loaded counts", "apt-get install kmod"
        )
    return _feature(name, met, why)


async def _can(argv: Sequence[str]) -> bool:
    """Whether it can be done in a network namespace that goes with it."""
    return await succeeds(("unshare", "--net", "--", *argv), within=10)


async def _overlay() -> bool:
    return "\toverlay\n" in FILE_SYSTEMS.read_text() or await _loadable("overlay")


async def _bridge_filter() -> bool:
    return BRIDGE_SETTINGS.is_dir() or await _loadable("br_netfilter")


async def _loadable(module: str) -> bool:
    """modprobe(8): a dry run."""
    return await succeeds(("modprobe", "--dry-run", "--quiet", module), within=10)


def _cgroups() -> Need:
    what, why = "control groups", "holding and ending the machines' processes"
    try:
        keeper()
    except LabFault as fault:
        return Need(what, False, f"{why}; {fault.what}", fault.advice)
    if os.statvfs("/sys/fs/cgroup").f_flag & os.ST_RDONLY:
        return Need(what, False, f"{why}; /sys/fs/cgroup is read-only", "in a container, start it privileged")
    return Need(what, True, why)


def _inotify() -> Need:
    found = int(INOTIFY.read_text())
    why = "each machine's systemd and containerd watch files"
    why = why if found >= INOTIFY_INSTANCES else f"{why}; there are {found}"
    return Need(
        f"{INOTIFY_INSTANCES} inotify instances",
        found >= INOTIFY_INSTANCES,
        why,
        f"sysctl -w fs.inotify.max_user_instances={INOTIFY_INSTANCES}; to keep it, a line in /etc/sysctl.d",
    )


async def _upper() -> Need:
    """In a container, the directories that are no volumes lie on an overlay."""
    what, why = f"a file system for {labs_root()}", "the machines' disks are layers over the base image"
    try:
        kind = (await run(("stat", "--file-system", "--format=%T", str(_there(labs_root()))))).strip()
    except LabFault as fault:
        return Need(what, False, f"{why}; {fault.what}", "apt-get install coreutils")
    found = f"; {kind} cannot be the upper one" if kind in NO_UPPER else ""
    return Need(what, not found, why + found, "set HARDWAY_LABS to a directory on ext4, xfs or btrfs")


def _there(path: Path) -> Path:
    """The path, or what there is of it for this user to see."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if os.access(each, os.F_OK))


def _disks() -> Sequence[Need]:
    return (_disk(labs_root(), "the machines' disks", "HARDWAY_LABS"), _disk(cache_root(), "programs", "HARDWAY_CACHE"))


def _disk(path: Path, why: str, variable: str) -> Need:
    free = shutil.disk_usage(_there(path)).free
    found = "" if free >= FREE_BYTES else f"; {free / (1 << 30):.1f} GiB are free"
    return Need(
        f"{FREE_BYTES >> 30} GiB for {path}", free >= FREE_BYTES, why + found, f"make room, or set {variable} elsewhere"
    )
