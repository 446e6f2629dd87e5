"""Brings what all clouds share into the cache: the projects, OVN, empty databases, the servers' image. At once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hardway.cloud.compute import image
from hardway.cloud.databases import ensure_databases
from hardway.cloud.environment import Line, ensure_environment
from hardway.cloud.ovn.programs import ensure_programs

Progress = Callable[[str, str], None]
"""Called with a part's name, and a line about it."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """Where they are."""

    venv: Path
    databases: Path
    programs: Path
    image: str
    """The tree of the servers' image, among all trees."""


async def ensure_parts(progress: Progress) -> Parts:
    """All of them, made now where the cache lacks them. Raises LabFault."""
    async with asyncio.TaskGroup() as tasks:
        projects = tasks.create_task(_projects(progress))
        programs = tasks.create_task(_timed("OVN", progress, ensure_programs))
        image = tasks.create_task(_timed("image", progress, _ensure_image))
    venv, databases = projects.result()
    return Parts(venv, databases, programs.result(), image.result())


async def _projects(progress: Progress) -> tuple[Path, Path]:
    venv = await _timed("projects", progress, ensure_environment)
    return venv, await _timed("databases", progress, lambda line: ensure_databases(venv, line))


async def _ensure_image(on_line: Line) -> str:
    return (await image.ensure(on_line=on_line)).tree.name


async def _timed(name: str, progress: Progress, make: Callable[[Line], Awaitable[T]]) -> T:
    began = time.monotonic()
    made = await make(lambda line: progress(name, line))
    progress(name, f"there after {time.monotonic() - began:.1f} s")
    return made
