"""The ordinary computer's own disk: a Debian with systemd as PID 1, a kernel, Python, and what the lab asks for.

One unit is ours: it runs the proof from the other disk, and then switches the computer off.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.vm.kept import kept, make_disk, run

from hardway.lab.base import source_lines

SUITE = "bookworm"
PYTHON = "3.11"
"""The suite's Python, and the version that hardway's dependencies are installed for."""

PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "kmod",
    "linux-image-cloud-amd64",
    "mmdebstrap",
    "openssh-client",
    "procps",
    "python3",
    "systemd",
    "systemd-container",
    "systemd-sysv",
    "udev",
)
"""mmdebstrap because the lab asks for it; the lab's base image is brought along, and there is no network."""

MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "serial-getty@ttyS0.service",
)
"""Units that would only take time, and none of which the lab could miss."""

SIZE = 12 << 30
"""Bytes, hardly any of them written: lab machines live here."""

HARDWAY = "/srv/hardway"
"""Where the disk with hardway is mounted."""
SUPPLIES = "/srv/supplies"
"""Where the disk with hardway's cache is mounted."""

FSTAB = f"""\
LABEL=system   /            ext4  errors=remount-ro  0 0
LABEL=hardway  {HARDWAY}   ext4  ro                 0 0
LABEL=supplies {SUPPLIES}  ext4  defaults           0 0
"""

UNIT = f"""\
[Unit]
Description=hardway proves that it works here
RequiresMountsFor={HARDWAY} {SUPPLIES}
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=exec
Environment=HOME=/root LC_ALL=C.UTF-8 COLUMNS=140 HARDWAY_CACHE={SUPPLIES}
ExecStart=/usr/bin/python3 {HARDWAY}/proof.py
StandardOutput=file:/dev/ttyS1
StandardError=inherit

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class System:
    """The disk, and what boots it."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "system.img"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd"


def system() -> System:
    """The computer's disk, made once for this file's text, from the mirror that this computer's apt uses."""
    return System(kept("system", (Path(__file__).read_text(),), _make))


def _make(folder: Path) -> None:
    tree, made = folder / "tree", System(folder)
    _bootstrap(tree)
    _settle(tree)
    (boot,) = (tree / "boot").glob("vmlinuz-*")
    shutil.copy(boot, made.kernel)
    shutil.copy(boot.with_name(boot.name.replace("vmlinuz", "initrd.img", 1)), made.initrd)
    make_disk(made.disk, tree, "system", SIZE)
    shutil.rmtree(tree)


def _bootstrap(tree: Path) -> None:
    """In namespaces of its own, so that no mount and no process is left, however it ends."""
    sources = asyncio.run(source_lines(SUITE, None))
    run(
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase"),
        f"--include={','.join(PACKAGES)}",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        *(SUITE, str(tree), "-"),
        stdin="\n".join(sources) + "\n",
    )


def _settle(tree: Path) -> None:
    for mounted in (HARDWAY, SUPPLIES):
        (tree / mounted.lstrip("/")).mkdir()
    (tree / "etc/fstab").write_text(FSTAB)
    (tree / "etc/hostname").write_text("ordinary\n")
    (tree / "etc/systemd/system/hardway-proof.service").write_text(UNIT)
    (tree / "etc/machine-id").write_text("uninitialized\n")
    run("systemctl", f"--root={tree}", "enable", "hardway-proof.service")
    run("systemctl", f"--root={tree}", "mask", *MASKED)
