"""The virtual environment of all projects, made from the lock file once, kept in the cache, and shared by all clouds.

Touches <cache>/cloud/venv-<digest> only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from uv import find_uv_bin

from hardway.cloud.faults import CloudFault
from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.locks import locked
from hardway.sources.cache import cache_root

LOCK = Path(__file__).with_name("requirements.lock")
INSTALL_SECONDS = 1200.0

Line = Callable[[str], None]


def cache() -> Path:
    """What all clouds of this user share."""
    return cache_root() / "cloud"


def lock_digest() -> str:
    """What distinguishes the environment: 16 hexadecimal digits over the lock and the Python that runs it."""
    python = f"{sys.implementation.cache_tag} {sys.base_prefix}"
    return sha256(LOCK.read_bytes() + python.encode()).hexdigest()[:16]


def environment_path() -> Path:
    return cache() / f"venv-{lock_digest()}"


async def ensure_environment(on_line: Line) -> Path:
    """The environment, made now if the cache has none. Raises CloudFault.

    It is marked when it is whole; a virtual environment cannot be made beside and renamed, for its programs hold its
    path.
    """
    path = environment_path()
    whole = path / ".whole"
    path.mkdir(parents=True, exist_ok=True)
    async with locked(path):
        if not whole.exists():
            await _make(path, on_line)
            whole.touch()
    return path


async def _make(path: Path, on_line: Line) -> None:
    on_line("installing the projects of OpenStack from PyPI")
    uv = find_uv_bin()
    python = str(path / "bin/python")
    environment = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(cache() / "uv"))}
    await asyncio.to_thread(_empty, path)
    try:
        await run((uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(path)), within=60)
        await run(
            (uv, "pip", "sync", "--require-hashes", "--python", python, str(LOCK)),
            within=INSTALL_SECONDS,
            environment=environment,
            on_line=lambda line: None if line.startswith(" ") else on_line(line),
        )
    except LabFault as fault:
        raise CloudFault(
            "the projects of OpenStack could not be installed",
            fault.evidence or fault.what,
            "is the package index reachable? uv reads UV_DEFAULT_INDEX and UV_INDEX",
        ) from fault


def _empty(path: Path) -> None:
    """What a killed installation left."""
    for each in path.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
