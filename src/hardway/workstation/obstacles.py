"""What keeps a plan of the workstation from being carried out, found before anything is touched."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from hardway.plan.steps import Action, Plan
from hardway.resources.base import Resource
from hardway.spec.faults import nearest
from hardway.workstation.handlers.associations import ADVICE
from hardway.workstation.handlers.windows import MISSING
from hardway.workstation.model import Workstation
from hardway.workstation.places import Places
from hardway.workstation.resources import Association, Block, Extension, FileType


def tools_missing(workstation: Workstation) -> tuple[str, ...]:
    """Programs that are needed even to look."""
    return tuple(_tools_missing(workstation))


def _tools_missing(workstation: Workstation) -> Iterator[str]:
    if workstation.associations and shutil.which("xdg-mime") is None:
        yield f"there is no xdg-mime here, which associations need: {ADVICE}"
    windows = workstation.windows
    if (windows.file_types or windows.extensions) and shutil.which(windows.cmd[0]) is None:
        yield f"there is no {windows.cmd[0]} here, which windows.fileTypes and extensions need: {MISSING}"


def obstacles(plan: Plan, places: Places) -> tuple[str, ...]:
    """One line each, with a way out."""
    wanted = [step.resource for step in plan.steps if step.action is not Action.REMOVE]
    changed = [step.resource for step in plan.steps]
    return (*_unknown_handlers(wanted, places), *_closed_files(changed))


def _unknown_handlers(wanted: Sequence[Resource], places: Places) -> Iterator[str]:
    for one in wanted:
        if isinstance(one, Association) and not any((folder / one.handler).exists() for folder in places.applications):
            near = nearest(one.handler, _installed(places))
            way_out = f"did you mean {near}?" if near else "install the program, or name another one"
            yield f"{one.mime}: there is no {one.handler} in {', '.join(map(str, places.applications))}: {way_out}"


def _installed(places: Places) -> list[str]:
    return [path.name for folder in places.applications if folder.is_dir() for path in folder.glob("*.desktop")]


def _closed_files(changed: Sequence[Resource]) -> Iterator[str]:
    for one in changed:
        if isinstance(one, Association | FileType | Extension) or not isinstance(one, Block):
            continue
        path = Path(one.path)
        if path.exists() and not os.access(path, os.W_OK):
            lines = f", or put in by hand: {'; '.join(one.lines)}" if one.lines else ""
            yield f"{path} cannot be written by {getpass.getuser()}: run it as root{lines}"


def off_path(workstation: Workstation, places: Places) -> tuple[str, ...]:
    """What is worth a warning."""
    folder = places.folder(workstation.bin)
    if not workstation.programs or folder in places.search:
        return ()
    return (f"{folder} is not on your PATH: log in again where your shell adds it by itself, or add it",)
