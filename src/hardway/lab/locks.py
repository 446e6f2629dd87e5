"""Lets one process at a time do something, by the kernel's lock on a directory. Touches nothing but the lock."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def locked(directory: Path) -> AsyncIterator[None]:
    """Wait for the lock and hold it (flock(2)); the kernel lets go of it when the process ends, however it ends."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        await asyncio.to_thread(fcntl.flock, handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
