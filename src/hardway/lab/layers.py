"""The directories of a machine's disk: the upper layer over its image, and those that must not lie on an overlay.

Touches the machine's own directory. Below its upper layer it writes only before the machine first boots: later, a link
laid by somebody in the machine could lead out of it.
"""

from __future__ import annotations

from pathlib import Path

from hardway.lab.files import write

DATA = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet")
"""Bound from the plain file system: containerd's overlays cannot lie on another overlay, etcd wants fast syncs."""

CGROUPS_UNIT = """\
[Unit]
Description=Make the control groups of this machine writable
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for d in /sys/fs/cgroup/*/; do mountpoint -q "$d" && mount -o remount,bind,rw "$d"; done; true'

[Install]
WantedBy=sysinit.target
"""
"""systemd-nspawn mounts the hierarchies of cgroup v1 read-only; `remount` without `bind` says that they are busy."""


def make_layers(directory: Path, remounts: bool) -> Path:
    """Make the layers and data directories, readable by root alone; answers the upper layer.

    `remounts`: whether the machine's control groups are read-only inside until it mounts them anew.
    """
    for layer in ("upper", "work", "root"):
        (directory / layer).mkdir(parents=True)
    for path in DATA:
        (directory / "data" / path.lstrip("/")).mkdir(parents=True, mode=0o755)
    directory.chmod(0o700)
    upper = directory / "upper"
    if remounts:
        install_unit(upper, "hardway-cgroups.service", CGROUPS_UNIT, "sysinit.target")
    return upper


def install_unit(upper: Path, unit: str, text: str, wanted_by: str) -> None:
    """Write a unit file, and enable it."""
    write(upper / "etc/systemd/system" / unit, text)
    wants = upper / f"etc/systemd/system/{wanted_by}.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit).symlink_to(f"../{unit}")
