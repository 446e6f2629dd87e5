"""The projects' databases when they are empty: made once for a lock file, kept in the cache, and copied for each cloud.

Touches <cache>/cloud/databases-<digest>, and a new cloud's own directory.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from hardway.cloud import files
from hardway.cloud.configuration.settings import Settings
from hardway.cloud.environment import cache, lock_digest
from hardway.cloud.faults import CloudFault
from hardway.cloud.ovn.programs import programs_path
from hardway.cloud.places import CloudPlace
from hardway.cloud.record import PORTS, USERS, Record
from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.locks import locked

RECIPE = 1
"""Raised when the way in which they are made changes."""
MAKE_SECONDS = 600.0
SCHEMAS = "hardway.cloud.services.schemas"


def databases_path() -> Path:
    return cache() / f"databases-{lock_digest()}-{RECIPE}"


async def ensure_databases(venv: Path, on_line: Callable[[str], None]) -> Path:
    """The template, made now if the cache has none. Raises CloudFault."""
    template = databases_path()
    template.parent.mkdir(parents=True, exist_ok=True)
    if template.is_dir():
        return template
    async with locked(venv):
        if not template.is_dir():
            on_line("making the projects' empty databases")
            await _make(template, venv)
    return template


async def _make(template: Path, venv: Path) -> None:
    """In a cloud's directory that is no cloud: the projects' own commands want their configuration."""
    place = CloudPlace(f".partial-{template.name}", template.parent)
    record = Record(
        chassis=1,
        ports=PORTS,
        venv=str(venv),
        programs=str(programs_path()),
        trees="",
        image="",
        blobs="",
        passwords=dict.fromkeys(USERS, "none"),
    )
    try:
        await asyncio.to_thread(shutil.rmtree, place.directory, ignore_errors=True)
        files.write_files(Settings(place, record))
        argv = (str(venv / "bin/python"), "-W", "ignore", "-m", SCHEMAS, str(place.root), place.cloud)
        await run(argv, within=MAKE_SECONDS, environment=files.python_environment(place))
        cell0, cell1 = (place.databases / f"{cell}.sqlite" for cell in ("nova_cell0", "nova_cell1"))
        shutil.copy(cell1, cell0)
        place.databases.rename(template)
    except LabFault as fault:
        raise CloudFault("the projects' databases could not be made", fault.evidence or fault.what) from fault
    finally:
        await asyncio.to_thread(shutil.rmtree, place.directory, ignore_errors=True)
