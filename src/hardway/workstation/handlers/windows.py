"""What opens files on Windows, by cmd.exe's own assoc and ftype. Touches what these write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from hardway.resources.base import Chapter, Resource
from hardway.workstation.command_interpreter import SHARED, Call, answer, ask, forget_file_type, tell
from hardway.workstation.commands import run
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.inventory import Inventory
from hardway.workstation.resources import Extension, FileType

ADVICE: Final = "Windows lets only administrators change these: start WSL from a terminal that runs as administrator"
MISSING: Final = "it is there under WSL with interoperability on (wsl.conf); windows.cmd names another one"
DRIVE: Final = Path("/mnt/c")
"""cmd.exe cannot work in a folder of Linux and complains; it has one of its own there."""
WITHIN: Final = 120.0
"""Seconds; Wine makes its own folder first."""


class WindowsHandler(WorkstationHandler):
    """Asks and tells Windows' command interpreter."""

    kinds: ClassVar[tuple[str, ...]] = (FileType.kind, Extension.kind)

    def __init__(self, inventory: Inventory, cmd: Sequence[str]) -> None:
        super().__init__(inventory)
        self._cmd = tuple(cmd)

    async def look(self, resource: Resource) -> Mapping[str, str]:
        value = await current_value(self._cmd_of(resource.id), _verb(resource), resource.name)
        attribute = "command" if isinstance(resource, FileType) else "type"
        return {} if value is None else {attribute: value}

    def _cmd_of(self, resource_id: str) -> Sequence[str]:
        """What is undone without a spec is undone by the interpreter that it was done by."""
        thing = self.inventory.things.get(resource_id)
        return self._cmd or (thing["cmd"].split("\n") if thing else ())

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        chapter = Chapter.ASSOCIATIONS
        if thing["kind"] == FileType.kind:
            return FileType(chapter=chapter, file_type=name, command=thing["value"])
        return Extension(chapter=chapter, extension=name, file_type=thing["value"])

    async def make(self, step: Step, context: Context) -> None:
        resource = step.resource
        known = self.inventory.things.get(resource.id)
        before = step.seen.attributes.get(_attribute(resource)) if known is None else known.get("before")
        thing = {"kind": resource.kind, "value": _value(resource), "cmd": "\n".join(self._cmd)}
        self.inventory.record(resource.id, thing if before is None else {**thing, "before": before})
        found = await self._tell(self._cmd, resource, _value(resource))
        if found != _value(resource):
            # What it is now is what `remove` must recognise as ours.
            self.inventory.record(resource.id, {**self.inventory.things[resource.id], "value": found or ""})
            raise _refused(resource, found)

    async def remove(self, resource: Resource) -> None:
        """What Windows was told by somebody else since stays."""
        cmd, thing = self._cmd_of(resource.id), self.inventory.things[resource.id]
        if await current_value(cmd, _verb(resource), resource.name) == thing["value"]:
            found = await self._tell(cmd, resource, thing.get("before"))
            if found != thing.get("before"):
                raise _refused(resource, found)

    async def _tell(self, cmd: Sequence[str], resource: Resource, value: str | None) -> str | None:
        """Answers what Windows has afterwards."""
        call = tell(cmd, _verb(resource), resource.name, value, os.environ.get(SHARED, ""))
        await _run(call)
        found = await current_value(cmd, _verb(resource), resource.name)
        if found is None or value is not None or not isinstance(resource, FileType):
            return found
        await _run(forget_file_type(cmd, resource.name))
        return await current_value(cmd, _verb(resource), resource.name)


def _refused(resource: Resource, found: str | None) -> WorkstationFault:
    what = f"Windows was told, and {_verb(resource)} {resource.name} is {found or 'not there'}"
    return WorkstationFault(what, advice=ADVICE)


async def current_value(cmd: Sequence[str], verb: str, name: str) -> str | None:
    """What assoc or ftype has under a name; None for nothing. Raises WorkstationFault where cmd.exe cannot be run."""
    return answer(await _run(ask(cmd, verb, name)), name)


async def _run(call: Call) -> bytes:
    """What it prints; whether it worked is told by what is there afterwards, in every language."""
    folder = DRIVE if DRIVE.is_dir() else None
    outcome = await run(call.argv, environment=call.environment, folder=folder, within=WITHIN, advice=MISSING)
    return outcome.output


def _verb(resource: Resource) -> str:
    return "ftype" if isinstance(resource, FileType) else "assoc"


def _attribute(resource: Resource) -> str:
    return "command" if isinstance(resource, FileType) else "type"


def _value(resource: Resource) -> str:
    return resource.command if isinstance(resource, FileType) else _type_of(resource)


def _type_of(resource: Resource) -> str:
    assert isinstance(resource, Extension)
    return resource.file_type
