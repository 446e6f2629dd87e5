"""What a cloud needs of this computer beside hardway itself: looks at it, and installs missing packages."""

from __future__ import annotations

import os
from collections.abc import Callable

from hardway.cloud.faults import CloudFault
from hardway.lab.cgroups import keeper
from hardway.lab.doctor import Packaged, install_packages
from hardway.lab.forward import PROXY
from hardway.lab.recipe import DEBIAN

PACKAGED = (
    Packaged("systemd-nspawn", "systemd-container", "the servers"),
    Packaged("mmdebstrap", "mmdebstrap", "Open vSwitch and OVN, the servers' image"),
    Packaged(DEBIAN.keyring, DEBIAN.keyring_package, "verifying packages"),
    Packaged("ip", "iproute2", "the network"),
    Packaged("ethtool", "ethtool", "the network's checksums"),
    Packaged("nsenter", "util-linux", "namespaces"),
    Packaged("unshare", "util-linux", "namespaces"),
    Packaged("mount", "mount", "the servers' disks"),
    Packaged("microsocks", "microsocks", "the operator's way to floating addresses"),
    Packaged(PROXY, "systemd", "the operator's way to floating addresses"),
)


async def ensure_needs(report: Callable[[str, str], None]) -> None:
    """Everything that `cloud up` needs, installed where it is missing. Raises LabFault."""
    require_root()
    keeper()
    missing = sorted({each.package for each in PACKAGED if not each.there})
    if missing:
        await install_packages(missing, report)


def require_root() -> None:
    """Raises CloudFault for anybody else."""
    if os.geteuid() != 0:
        raise CloudFault("the cloud needs root", advice="run hardway with sudo: it makes namespaces and machines")
