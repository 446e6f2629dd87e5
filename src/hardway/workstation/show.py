"""What the workstation holds now beside what is wanted, and what opens files of which type. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardway.plan.steps import Action
from hardway.resources.base import Unknown
from hardway.resources.operator import Blob
from hardway.workstation.handlers.associations import current_handler
from hardway.workstation.handlers.windows import current_value
from hardway.workstation.model import Workstation
from hardway.workstation.operations import Bench, look, proposal
from hardway.workstation.resources import Association, Extension, FileType

COMMON: Final = ("text/plain", "text/html", "application/pdf", "image/png", "inode/directory", "x-scheme-handler/https")
"""Shown where nobody asks for others."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is wanted, or that hardway has made."""

    kind: str
    name: str
    state: str
    """as wanted, not there, differs, or no longer wanted."""
    ours: bool
    """Whether hardway made it."""


@dataclass(frozen=True, slots=True)
class Opens:
    """What opens files of a type now."""

    type: str
    handler: str
    """A desktop file, a file type or a command of Windows; empty for none."""
    wanted: str
    """What the spec says, where it says something."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The workstation as it is now."""

    things: tuple[Thing, ...]
    handlers: tuple[Opens, ...]


async def show(bench: Bench, spec: Path | None, types: Sequence[str] = ()) -> Shown:
    """Without a spec: what hardway has made. Raises as `proposal` does."""
    if spec is None:
        workstation, picture = Workstation(), await look(bench, ())
    else:
        proposed = await proposal(bench, spec)
        workstation, picture = proposed.workstation, proposed.picture
    steps = {step.id: step.action for step in picture.plan.steps}
    resources = {one.id: one for one in (*picture.wanted, *picture.owned)}
    things = tuple(
        Thing(one.kind, one.name, _STATES[steps.get(one.id)], one.id in bench.inventory.things)
        for one in resources.values()
        if one.kind != Blob.kind
    )
    wants = {
        one.name: next(value for value in one.attributes(lambda _: Unknown()).values() if isinstance(value, str))
        for one in picture.wanted
        if isinstance(one, Association | Extension | FileType)
    }
    asked = dict.fromkeys((*wants, *types)) or dict.fromkeys(COMMON if shutil.which("xdg-mime") else ())
    handlers = [Opens(one, await _handler(one, workstation), wants.get(one, "")) for one in asked]
    return Shown(things, tuple(handlers))


_STATES: Final = {
    None: "as wanted",
    Action.CREATE: "not there",
    Action.CHANGE: "differs",
    Action.REMOVE: "no longer wanted",
}


async def _handler(kind: str, workstation: Workstation) -> str:
    """A media type has a slash, an extension begins with a dot, and what else there is is a file type of Windows."""
    if "/" in kind:
        return await current_handler(kind)
    verb = "assoc" if kind.startswith(".") else "ftype"
    return await current_value(workstation.windows.cmd, verb, kind) or ""
