"""The real kubectl, as a process on this computer. The room's one door to processes."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hardway.checks.check import Wrong
from hardway.checks.scene import Scene

WITHIN: Final = 20.0
"""Seconds."""


async def kubectl(scene: Scene, *arguments: str) -> str:
    """What kubectl printed. Raises Wrong with its last words where it failed, or did not end WITHIN."""
    async with running(scene, *arguments) as process:
        try:
            out, err = await asyncio.wait_for(process.communicate(), WITHIN)
        except TimeoutError:
            raise Wrong(f"kubectl {arguments[0]} did not end within {WITHIN:.0f} s") from None
    if process.returncode != 0:
        raise Wrong(f"kubectl {arguments[0]}: {err.decode(errors='replace').strip()[-400:]}")
    return out.decode(errors="replace")


@asynccontextmanager
async def running(scene: Scene, *arguments: str) -> AsyncIterator[Process]:
    """kubectl while the block lasts; killed at its end."""
    subject = scene.subject
    settings = (f"--kubeconfig={subject.kubeconfig}", f"--cache-dir={scene.folder / 'kubectl'}")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        subject.kubectl,
        *settings,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
