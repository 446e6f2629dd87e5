"""What components need to know of a machine before they can say what it shall hold. Values only; `machines` asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one machine is."""

    os_id: str
    """ID of /etc/os-release (os-release(5)), such as debian."""
    os_version: str
    """VERSION_ID of the same, such as 13; empty where there is none (Debian unstable)."""
    arch: str
    """As `uname -m` says it, such as x86_64."""
    kernel: str
    """As `uname -r` says it."""
    cgroup: Literal["v1", "v2"]
    """v2 where /sys/fs/cgroup is a cgroup2 file system; v1 for legacy and hybrid."""
    restricted_oom: bool
    """No process here may lower an oom_score_adj or raise a limit (no CAP_SYS_RESOURCE, as in lab containers)."""
    container: bool = False
    """It shares its host's kernel (`systemd-detect-virt --container`): swap, clock and modules are the host's."""
    interface: str = "eth0"
    """The network interface that has the machine's own address (the spec's)."""
    mtu: int = 1500
    """That interface's MTU in bytes (/sys/class/net/INTERFACE/mtu)."""
    resolv_conf: str = "/etc/resolv.conf"
    """The resolv.conf(5) with real name servers: /run/systemd/resolve/resolv.conf where systemd-resolved answers."""
    nameservers: tuple[str, ...] = ()
    """The `nameserver` lines of that file, sorted; none where the machine cannot resolve outside names."""
    time_unit: str | None = None
    """The enabled unit that keeps its clock, such as chrony.service or systemd-timesyncd.service; None: none does."""
    selinux: bool = False
    """SELinux is built in and on (/sys/fs/selinux/enforce exists), enforcing or not."""


DEFAULT_FACTS: Final = Facts(
    os_id="debian",
    os_version="13",
    arch="x86_64",
    kernel="6.12.0",
    cgroup="v2",
    restricted_oom=False,
    nameservers=("192.0.2.53",),
)
"""What is assumed of a machine that cannot be asked yet; also what `render` renders for."""
