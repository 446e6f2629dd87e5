"""How a machine is booted: the mounts below it and the call of systemd-nspawn(1), as text. Pure.

Its root file system is mounted in a mount namespace of its own, which goes with its last process.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from hardway.lab.faults import LabFault
from hardway.lab.layers import DATA
from hardway.lab.network import NAMESPACES
from hardway.lab.places import nspawn_name

BLOBS = "/var/cache/hardway/blobs"
"""Where a machine sees the operator's blob cache, read-only."""
MODULES = Path("/lib/modules")
"""This computer's kernel modules, which the machines load (br_netfilter, vxlan): the kernel is theirs too."""

ENVIRONMENT = (
    ("SYSTEMD_SECCOMP", "0"),  # else runc: "unable to join session keyring"
    ("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "1"),  # else the kubelet cannot set kernel flags
    ("SYSTEMD_LOG_LEVEL", "warning"),
)


@dataclass(frozen=True, slots=True)
class Boot:
    """What is needed to boot a machine whose disk was made."""

    title: str
    """The name of its network namespace, and of itself among all machines of this computer."""
    hostname: str
    uuid: str
    tree: Path
    """Its image: the lower layer."""
    directory: Path
    """Where its layers and data are (hardway.lab.layers)."""
    read_only: tuple[tuple[Path, str], ...] = ()
    """Directories of this computer that it sees, and where."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The program to run as a job, in the environment `ENVIRONMENT`."""
        script = f"{self._mounts()}\nexec {shlex.join(self.nspawn())}"
        return ("unshare", "--mount", "--propagation=slave", "sh", "-e", "-c", script)

    def _mounts(self) -> str:
        """What is mounted before systemd-nspawn, seen by it alone; the second hides what it would leave in /run."""
        layers = {"lowerdir": self.tree, "upperdir": self.directory / "upper", "workdir": self.directory / "work"}
        options = ",".join(f"{name}={_layer(path)}" for name, path in layers.items())
        return "\n".join(
            (
                shlex.join(("mount", "-t", "overlay", "overlay", "-o", options, str(self.directory / "root"))),
                "mkdir -p /run/systemd/nspawn",
                "mount -t tmpfs -o mode=0755 tmpfs /run/systemd/nspawn",
            )
        )

    def nspawn(self) -> tuple[str, ...]:
        """The call of systemd-nspawn(1).

        nsenter goes first: with a writable /sys, nspawn mounts sysfs before it joins the namespace, and /sys/class/net
        would show this computer's links.
        """
        namespace = str(NAMESPACES / self.title)
        binds = ((self.directory / "data" / path.lstrip("/"), path) for path in DATA)
        modules = ((MODULES, f"/usr{MODULES}"),) if MODULES.is_dir() else ()
        return (
            *("nsenter", f"--net={namespace}", "systemd-nspawn"),
            *("--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no", "--link-journal=no"),
            *("--console=read-only", "--resolv-conf=off", "--timezone=off", "--capability=all"),
            *(f"--machine={nspawn_name(self.title)}", f"--hostname={self.hostname}", f"--uuid={self.uuid}"),
            *(f"--directory={self.directory / 'root'}", f"--network-namespace-path={namespace}"),
            *(f"--bind={_escaped(source)}:{target}" for source, target in binds),
            "--bind=/dev/kmsg",
            *(f"--bind-ro={_escaped(source)}:{target}" for source, target in (*self.read_only, *modules)),
            "systemd.show_status=1",
        )


def _layer(path: Path) -> str:
    if set(str(path)) & set(',:\\"'):
        raise LabFault(f"{path}: a path of an overlay must hold no comma, colon, backslash or quote")
    return str(path)


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(":", "\\:")
