"""A container as runc wants it: the runtime specification's config.json. Pure.

Open Container Initiative, runtime-spec; the capabilities, mounts and masked paths are containerd's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hardway.fargate.local.runtime import CannotStart, ContainerWish

CAPABILITIES: Final = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
)
_MASKED: Final = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/sys/firmware")
_READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def process_arguments(wish: ContainerWish, image: Mapping[str, Any]) -> list[str]:
    """The task's words over the image's: a new entry point forgets the image's command. Raises CannotStart."""
    entry = list(wish.entry_point or image.get("Entrypoint") or ())
    default = () if wish.entry_point else image.get("Cmd") or ()
    words = [*entry, *(wish.command or default)]
    if not words:
        raise CannotStart("No command specified")
    return words


def user_of(text: str, passwd: str, group: str) -> tuple[int, int]:
    """Numbers of `user[:group]`, looked up in the image's own /etc/passwd and /etc/group. Raises CannotStart."""
    name, _, group_name = text.partition(":")
    user, own_group = _looked_up(name or "0", passwd)
    return user, _looked_up(group_name, group)[0] if group_name else own_group


def _looked_up(name: str, table: str) -> tuple[int, int]:
    rows = [line.split(":") for line in table.splitlines() if line.count(":") >= 3 or line.count(":") == 2]
    for row in rows:
        if name in (row[0], row[2] if len(row) > 2 else ""):
            return int(row[2]), int(row[3]) if len(row) > 3 and row[3].isdecimal() else 0
    if name.isdecimal():
        return int(name), 0
    raise CannotStart(f"unable to find user {name}: no matching entries in passwd file")


def config(
    wish: ContainerWish,
    image: Mapping[str, Any],
    *,
    root: str,
    user: tuple[int, int],
    namespace: str,
    cgroup: str,
    binds: Sequence[tuple[str, str, bool]],
) -> dict[str, Any]:
    """`binds`: what of this computer is mounted where, and whether read-only."""
    variables = dict(one.partition("=")[::2] for one in image.get("Env") or ())
    variables = {"PATH": PATH, "HOSTNAME": wish.task[:12], **variables, **wish.environment}
    names = sorted(({*CAPABILITIES, *wish.added} - {*wish.dropped}) if "ALL" not in wish.dropped else {*wish.added})
    capabilities = [f"CAP_{name}" for name in names]
    return {
        "ociVersion": "1.2.0",
        "process": {
            "terminal": False,
            "user": {"uid": user[0], "gid": user[1]},
            "args": process_arguments(wish, image),
            "env": [f"{name}={value}" for name, value in variables.items()],
            "cwd": wish.directory or image.get("WorkingDir") or "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            "noNewPrivileges": False,
        },
        "root": {"path": root, "readonly": wish.read_only},
        "hostname": wish.task[:12],
        "mounts": [*_MOUNTS, *(_bind(*one) for one in binds)],
        "linux": {
            "resources": _resources(wish),
            "cgroupsPath": cgroup,
            "namespaces": [
                *({"type": kind} for kind in ("pid", "ipc", "uts", "mount")),
                {"type": "network", "path": namespace},
            ],
            "maskedPaths": list(_MASKED),
            "readonlyPaths": list(_READ_ONLY),
        },
    }


def _resources(wish: ContainerWish) -> dict[str, Any]:
    made: dict[str, Any] = {
        "devices": [{"allow": False, "access": "rwm"}],
        "memory": {"limit": wish.memory << 20},
    }
    if wish.cpu:
        made["cpu"] = {"shares": max(2, wish.cpu)}
    return made


def _bind(source: str, target: str, read_only: bool) -> dict[str, Any]:
    return {"destination": target, "type": "bind", "source": source, "options": ["rbind", "ro" if read_only else "rw"]}


_MOUNTS: Final[tuple[dict[str, Any], ...]] = (
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    },
    {
        "destination": "/dev/shm",
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
)
