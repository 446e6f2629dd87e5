"""The image `debian-13` of servers: the lab's packages and what a cloud's server has beside them. Pure, but `ensure`.

It is a tree in hardway's cache, made by room lab. The image in Glance holds no data: its property `hardway_tree` names
the tree, and the driver lays it below the server's disk. Its user is `debian`, who may do anything with sudo, and whom
nobody can become but by an SSH key.
"""

from __future__ import annotations

from collections.abc import Callable

from hardway.lab.base import Base, ensure_base
from hardway.lab.recipe import DISABLED_UNITS, MASKED_UNITS, PACKAGES, Recipe

SUITE = "trixie"
TREE_PROPERTY = "hardway_tree"
"""The property of an image in Glance that names its tree: `Base.tree.name`."""
USER = "debian"
FIRST_LINK = 10001
"""The interface index of a server's eth0; each further port has the next one. High, so that no link that the server
makes itself takes it."""
LINKS = 32
"""The most ports that a server can have."""

DHCP = """\
[Match]
Name={name}

[Link]
RequiredForOnline={required}

[Network]
DHCP=ipv4
IPv6AcceptRA=no

[DHCPv4]
ClientIdentifier=mac
UseMTU=yes
UseHostname=no
UseDomains=yes
RouteMetric={metric}
"""

NO_UDEV = f"""\
[Service]
ExecStartPre=+/bin/sh -c 'mkdir -p /run/udev/data && cd /run/udev/data && touch n1 && \
i={FIRST_LINK}; while [ $i -lt {FIRST_LINK + LINKS} ]; do touch n$i; i=$((i+1)); done'
"""
"""systemd-networkd sees a writable /sys, and so leaves a link alone until udev has made its file in /run/udev/data; but
there is no udev. The files are there before the links, also for one that is plugged later."""

ONLINE = """\
[Service]
ExecStart=
ExecStart=/usr/lib/systemd/systemd-networkd-wait-online --interface=eth0 --timeout=60
"""
"""Else it waits for the links of pods too, which networkd leaves alone."""

PING = "net.ipv4.ping_group_range = 0 2147483647\n"
"""icmp(7): everybody may ping, as on any Debian; the file capability of ping(8) does not survive the image's making."""

NETWORKD = ("systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service")
RESOLVED = "systemd-resolved.service"

RECIPE = Recipe(
    packages=tuple(sorted((*PACKAGES, "sudo", "systemd-resolved"))),
    disabled=DISABLED_UNITS,
    masked=tuple(unit for unit in MASKED_UNITS if unit not in (*NETWORKD, RESOLVED)),
    enabled=("ssh.service", "systemd-networkd.service", "systemd-networkd-wait-online.service", RESOLVED),
    user=USER,
    files=(
        ("etc/systemd/network/10-eth0.network", DHCP.format(name="eth0", metric=100, required="yes")),
        ("etc/systemd/network/20-ethN.network", DHCP.format(name="eth*", metric=200, required="no")),
        ("etc/systemd/system/systemd-networkd.service.d/no-udev.conf", NO_UDEV),
        ("etc/systemd/system/systemd-networkd-wait-online.service.d/eth0.conf", ONLINE),
        ("etc/sysctl.d/60-ping.conf", PING),
        ("etc/default/locale", "LANG=C.UTF-8\n"),
    ),
    links=(("etc/resolv.conf", "../run/systemd/resolve/resolv.conf"),),  # the cloud's name servers, not a stub
)


async def ensure(mirror: str | None = None, on_line: Callable[[str], None] | None = None) -> Base:
    """The image's tree, made now if the cache has none: a minute. Raises LabFault."""
    return await ensure_base(SUITE, mirror, on_line, RECIPE)
