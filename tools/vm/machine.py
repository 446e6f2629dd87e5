"""The virtual machine: QEMU without KVM, so that it runs wherever Linux runs. Its disks are never written to.

It has no network. The kernel's and systemd's messages go to a file, what the proof prints comes as lines.

Its clock counts instructions, a nanosecond each (qemu(1), `-icount`): a slow computer of constant speed. However busy
this computer is, the proof sees the same seconds, and meets or misses the product's deadlines for its own reasons.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tools.vm.kept import run
from tools.vm.system import System

QEMU = "qemu-system-x86_64"
PACKAGE = "qemu-system-x86"


class TimeIsUp(Exception):
    """The machine did not end by itself in time."""


def require_qemu() -> None:
    """Install QEMU where it is missing."""
    if shutil.which(QEMU) is None:
        run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", PACKAGE)


def command(system: System, disks: Sequence[Path], console: Path) -> tuple[str, ...]:
    """The call of qemu(1), which dies with us. `snapshot=on`: what is written goes to a file without a name."""
    drives = [f"-drive=file={disk},format=raw,if=virtio,cache=unsafe,snapshot=on" for disk in (system.disk, *disks)]
    return (
        *("setpriv", "--pdeathsig=KILL", QEMU),
        *("-nodefaults", "-no-reboot", "-display", "none", "-nic", "none"),
        *("-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "8192"),
        # One processor: with this clock QEMU would run two of them in turns.
        *("-icount", "shift=0,sleep=on", "-rtc", "clock=vm"),
        *("-kernel", str(system.kernel), "-initrd", str(system.initrd)),
        *("-append", "root=/dev/vda rw console=ttyS0 panic=1"),
        *(part for drive in drives for part in drive.split("=", 1)),
        *("-device", "virtio-rng-pci"),
        *("-serial", f"file:{console}", "-serial", "stdio"),
    )


@contextmanager
def running(argv: Sequence[str], within: float) -> Iterator[Iterator[str]]:
    """The lines that the proof prints while the machine runs; it is gone when the block ends, however it ends.

    `within` is in seconds. Raises TimeIsUp at the end of the lines, SystemExit where QEMU does not start.
    """
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as qemu:
        late = Timer(within, qemu.kill)
        late.start()
        try:
            yield _lines(qemu, late)
        finally:
            late.cancel()
            qemu.kill()


def _lines(qemu: subprocess.Popen[bytes], late: Timer) -> Iterator[str]:
    assert qemu.stdout is not None and qemu.stderr is not None
    for line in qemu.stdout:
        yield line.decode(errors="replace").rstrip()
    code = qemu.wait()
    if not late.is_alive():
        raise TimeIsUp
    if code:
        raise SystemExit(f"{QEMU} ended with status {code}: {qemu.stderr.read().decode(errors='replace').strip()}")
