"""What an image of nspawn machines holds, as data: suites, packages, settings; and the one of all lab machines. Pure.

A change of anything here makes another digest, and so another image.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

RECIPE = 1
"""Raised when the way in which an image is made changes without a change of the data below."""

PACKAGES = (
    "ca-certificates",
    "conntrack",
    "dbus",
    "ethtool",
    "haproxy",
    "iproute2",
    "ipset",
    "iptables",
    "iputils-ping",
    "keepalived",
    "kmod",
    "nftables",
    "openssh-server",
    "procps",
    "socat",
    "systemd",
    "systemd-sysv",
)
"""What a real server's image would have, and the packages that the cluster's components ask for (a lab machine has no
way out to a mirror)."""

DISABLED_UNITS = ("haproxy.service", "keepalived.service", "nftables.service", "e2scrub_reap.service")
"""Packaged units that start at boot and must not, until somebody wants them."""

MASKED_UNITS = (
    "systemd-modules-load.service",  # the kernel and its modules are this computer's
    "systemd-networkd.service",  # the lab lays the address before the machine boots
    "systemd-networkd.socket",
    "systemd-networkd-wait-online.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",  # the clock is this computer's
    "modprobe@.service",
    "dev-hugepages.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "console-getty.service",
    "getty@tty1.service",
    "getty.target",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "motd-news.timer",
)
"""Units that have no business in a lab machine, or would make it start as "degraded"."""

SSHD = """\
# Many sessions at once: an operator's tools open one connection and many channels.
MaxStartups 200:30:400
MaxSessions 200
PasswordAuthentication no
PrintMotd no
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Whose suites they are."""

    origin: str
    """As in the Origin field of the Release file."""
    components: str
    keyring: str
    """Path on this computer, and the package that brings it."""
    keyring_package: str


DEBIAN = Distribution("Debian", "main", "/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring")
UBUNTU = Distribution("Ubuntu", "main universe", "/usr/share/keyrings/ubuntu-archive-keyring.gpg", "ubuntu-keyring")

SUITES = {
    "bookworm": DEBIAN,
    "trixie": DEBIAN,
    "noble": UBUNTU,
}
"""The suites whose packages are all known to be there."""

OS_RELEASE = {"bookworm": ("debian", "12"), "trixie": ("debian", "13"), "noble": ("ubuntu", "24.04")}
"""ID and VERSION_ID of each suite's /etc/os-release."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is put into an image, but for its suite."""

    packages: tuple[str, ...]
    disabled: tuple[str, ...]
    masked: tuple[str, ...]
    enabled: tuple[str, ...] = ("ssh.service",)
    user: str | None = None
    """A user who may do anything with sudo(8), and has no password."""
    files: tuple[tuple[str, str], ...] = ()
    """Paths from the root, and texts."""
    links: tuple[tuple[str, str], ...] = ()
    """Paths from the root, and where the symbolic links there lead."""

    def digest(self, suite: str) -> str:
        """What distinguishes the image: 16 hexadecimal digits over suite, packages and settings."""
        more = [self.enabled, self.user, self.files, self.links]
        recipe = [RECIPE, suite, self.packages, self.disabled, self.masked, SSHD, *(more if self != LAB else ())]
        return sha256(json.dumps(recipe).encode()).hexdigest()[:16]


LAB = Recipe(PACKAGES, DISABLED_UNITS, MASKED_UNITS)
"""The image of lab machines."""


def recipe_digest(suite: str) -> str:
    """The digest of the lab's image of a suite."""
    return LAB.digest(suite)
