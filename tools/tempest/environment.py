"""Tempest's own environment: made once for each lock file, in hardway's cache. Touches that directory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from hardway.sources.cache import cache_root

LOCK: Final = Path(__file__).with_name("requirements.lock")


def ensure_tempest(say: Callable[[str], None]) -> Path:
    """The program `tempest`. Raises CalledProcessError."""
    place = cache_root() / f"tempest-{sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    program = place / "bin/tempest"
    if program.exists():
        return program
    say("tempest is installed from its lock file")
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run((sys.executable, "-m", "venv", place), check=True)
    pip = (place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK)
    subprocess.run(pip, check=True)
    return program
