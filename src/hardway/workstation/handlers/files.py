"""Programs, links and completions: files that are wholly ours once they are there. Touches those paths only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from hardway.resources.base import OPERATOR, Chapter, Ref, Resource, digest
from hardway.resources.host import Program
from hardway.workstation.commands import output_of
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.inventory import Inventory
from hardway.workstation.paths import mark
from hardway.workstation.resources import Completion, Link

PROGRAM_MODE = 0o755
COMPLETION_MODE = 0o644


class FileHandler(WorkstationHandler):
    """Puts files in place and what was there before back again."""

    kinds: ClassVar[tuple[str, ...]] = (Program.kind, Link.kind, Completion.kind)

    def __init__(self, inventory: Inventory, hardway: Path) -> None:
        super().__init__(inventory)
        self._hardway = hardway

    async def look(self, resource: Resource) -> Mapping[str, str]:
        path = Path(resource.name)
        if isinstance(resource, Program):
            return _file(path)
        if isinstance(resource, Link):
            return {"target": str(path.readlink())} if path.is_symlink() else _other(path, "target")
        return self._completion(resource, path)

    def _completion(self, resource: Resource, path: Path) -> Mapping[str, str]:
        if not path.exists():
            return {}
        thing = self.inventory.things.get(resource.id)
        if thing is None:
            return {"printed by": "somebody else", "altered": "no"}
        return {"printed by": thing["by"], "altered": "no" if self.inventory.as_left(path) else "yes"}

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        chapter = Chapter.TOOLS
        match thing["kind"]:
            case Program.kind:
                return Program(chapter=chapter, machine=OPERATOR, path=name, blob=thing["blob"])
            case Link.kind:
                return Link(chapter=chapter, path=name, target=thing["target"])
        return Completion(chapter=chapter, path=name, program=thing["program"], shell=thing["shell"])

    async def make(self, step: Step, context: Context) -> None:
        resource = step.resource
        path = Path(resource.name)
        if isinstance(resource, Program):
            self._record(resource, {"blob": resource.blob})
            blob = Path(context.resolve(Ref(resource.blob, "path")).decode())
            self.inventory.put(path, blob.read_bytes(), PROGRAM_MODE)
        elif isinstance(resource, Link):
            self._record(resource, {"target": resource.target})
            self.inventory.put_link(path, resource.target)
        elif isinstance(resource, Completion):
            script = await self._printed(resource, context)
            by = context.resolve(resource.refs[0]).decode() if resource.blob else resource.version
            self._record(resource, {"program": resource.program, "shell": resource.shell, "by": by})
            self.inventory.put(path, script, COMPLETION_MODE)

    def _record(self, resource: Resource, more: Mapping[str, str]) -> None:
        self.inventory.record(resource.id, {"kind": resource.kind, "path": resource.name, **more})

    async def _printed(self, resource: Completion, context: Context) -> bytes:
        if resource.blob:
            program = context.resolve(Ref(resource.blob, "path")).decode()
            return await output_of((program, "completion", resource.shell))
        environment = {"_HARDWAY_COMPLETE": f"source_{resource.shell}"}
        script = await output_of((str(self._hardway),), environment=environment)
        # zsh looks for #compdef in the first line; and the script, loaded as a function, only defines the one that
        # completes.
        return script.lstrip() + b'\n_hardway_completion "$@"\n' if resource.shell == "zsh" else script

    async def remove(self, resource: Resource) -> None:
        """What somebody else has put in its place stays."""
        path = Path(resource.name)
        if self.inventory.as_left(path):
            self.inventory.restore(path)
        else:
            self.inventory.release(path)


def _file(path: Path) -> Mapping[str, str]:
    found = mark(path)
    if not found.startswith("file:"):
        return {} if found == "nothing" else {"sha256": found}
    _, mode, sha256 = found.split(":")
    return {"sha256": sha256, "mode": mode}


def _other(path: Path, attribute: str) -> Mapping[str, str]:
    """A file where a link shall be."""
    return {attribute: f"a file ({digest(path.read_bytes())[:12]})"} if path.exists() else {}
