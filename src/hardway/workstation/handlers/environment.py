"""The OpenStack client's virtual environment, made by uv from a lock with every hash. Touches that folder only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from uv import find_uv_bin

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from hardway.resources.base import Chapter, Resource, digest
from hardway.workstation.commands import output_of
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.paths import make_parents
from hardway.workstation.resources import PythonEnvironment

LOCK: Final = Path(__file__).parents[1] / "openstack-client.lock"
WHOLE: Final = ".hardway-lock"
"""In the environment once it is whole: the digest of the lock that it was made from."""
WITHIN: Final = 600.0
"""Seconds."""
ADVICE: Final = "is the package index reachable? uv reads UV_DEFAULT_INDEX and UV_INDEX"


def lock_digest() -> str:
    """What distinguishes the environment."""
    return digest(LOCK.read_bytes())


class EnvironmentHandler(WorkstationHandler):
    """Makes the environment; never in a folder that holds something of somebody else's."""

    kinds: ClassVar[tuple[str, ...]] = (PythonEnvironment.kind,)

    async def look(self, resource: Resource) -> Mapping[str, str]:
        folder = Path(resource.name)
        if not folder.exists():
            return {}
        whole = folder / WHOLE
        return {"lock": whole.read_text(errors="replace").strip() if whole.exists() else "not whole"}

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        return PythonEnvironment(chapter=Chapter.TOOLS, path=name, lock="")

    async def make(self, step: Step, context: Context) -> None:
        resource = step.resource
        assert isinstance(resource, PythonEnvironment)
        folder = Path(resource.path)
        if folder.exists() and resource.id not in self.inventory.things:
            raise WorkstationFault(f"{folder} is there, and hardway did not make it", advice="move it away")
        self.inventory.record(resource.id, {})
        self.inventory.note_parents(make_parents(folder))
        context.waiting(step.id, "packages from PyPI")
        uv, python = find_uv_bin(), str(folder / "bin/python")
        await output_of((uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)), advice=ADVICE)
        sync = (uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(LOCK))
        await output_of(sync, within=WITHIN, advice=ADVICE)
        (folder / WHOLE).write_text(f"{resource.lock}\n")

    async def remove(self, resource: Resource) -> None:
        folder = Path(resource.name)
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        self.inventory.remove_empty_parents()
