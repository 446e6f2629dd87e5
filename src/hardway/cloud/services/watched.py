"""Runs a script that leaves daemons behind, and ends all of them when one of them ends. A program: SCRIPT STATE-FILE.

The script is done when its daemons serve; daemons whose parent has gone become children of this program (prctl(2),
PR_SET_CHILD_SUBREAPER), so the end of each is noticed at once. Whoever keeps this program starts it anew.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from hardway.cloud.services.state import tell

PR_SET_CHILD_SUBREAPER = 36
EVIDENCE_BYTES = 2000


def main(script: str, state: Path) -> int:
    """Answers when a daemon has ended, or the script has failed."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    tell(state, {"state": "starting", "pid": os.getpid()})
    done = subprocess.run(("/bin/sh", "-e", script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=2)
    if done.returncode:
        tell(state, {"state": "failed", "pid": os.getpid(), "why": f"{script} ended with status {done.returncode}"})
        _end_children()
        return 1
    tell(state, {"state": "ready", "pid": os.getpid(), "seconds": round(time.monotonic() - began, 1)})
    pid, status = os.wait()
    sys.stderr.write(f"process {pid} ended with {os.waitstatus_to_exitcode(status)}: all end, and start anew\n")
    tell(state, {"state": "restarting", "pid": os.getpid(), "why": f"process {pid} ended"})
    _end_children()
    return 1


def _end_children() -> None:
    """At once: their databases are journals, and a power cut is what they are made for."""
    for pid in _children():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _children() -> list[int]:
    return [int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
