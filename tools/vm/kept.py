"""What is made for the virtual machine and kept by its content, and the programs that make it. Touches <cache>/vm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from hardway.sources.cache import cache_root

SLACK = 1.15
"""How much larger than its files a disk is: inodes, journal, and something to write."""
BLOCK = 4096


def home() -> Path:
    """Where all of it is kept."""
    path = cache_root() / "vm"
    path.mkdir(parents=True, exist_ok=True)
    return path


def kept(kind: str, content: Sequence[str], make: Callable[[Path], None]) -> Path:
    """The directory that `make` filled for this content, made now if it is not there; older ones of its kind go.

    What else decides the result belongs to the content too: the text of the module that makes it.
    It is made beside and renamed, so one that is there is whole.
    """
    target = home() / f"{kind}-{sha256(json.dumps(content).encode()).hexdigest()[:16]}"
    if target.is_dir():
        return target
    draft = home() / f".{target.name}-{os.getpid()}"
    try:
        draft.mkdir()
        make(draft)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for older in home().glob(f"{kind}-*"):
        if older != target:
            shutil.rmtree(older)
    return target


def make_disk(disk: Path, tree: Path, label: str, size: int | None = None) -> None:
    """An ext4 file system with that tree in it, owners, modes and links included; `size` in bytes, else just enough."""
    if size is None:
        size = int(_size(tree) * SLACK) + (64 << 20)
    run("mkfs.ext4", "-q", "-L", label, "-d", str(tree), str(disk), f"{size // 1024}k")


def _size(tree: Path) -> int:
    return sum(-(-path.lstat().st_size // BLOCK) * BLOCK + BLOCK for path in tree.rglob("*"))


def run(*command: str, stdin: str = "") -> None:
    """Run a program to its end. Raises SystemExit with its last lines where it fails."""
    done = subprocess.run(
        command, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise SystemExit(f"{command[0]} ended with status {done.returncode}:\n{tail}")
