"""What opens files on Linux, by xdg-mime. Touches the user's mimeapps.list, and what xdg-mime itself writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from hardway.resources.base import Chapter, Resource
from hardway.workstation.commands import output_of
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.handlers.blocks import text_of
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.inventory import Inventory
from hardway.workstation.resources import Association
from hardway.workstation.texts import default_of, with_default

ADVICE: Final = "xdg-mime is in the package xdg-utils: apt-get install xdg-utils"


class AssociationHandler(WorkstationHandler):
    """Asks and tells xdg-mime, which knows the desktop's own ways."""

    kinds: ClassVar[tuple[str, ...]] = (Association.kind,)

    def __init__(self, inventory: Inventory, mimeapps: Path) -> None:
        super().__init__(inventory)
        self._mimeapps = mimeapps

    async def look(self, resource: Resource) -> Mapping[str, str]:
        handler = await current_handler(resource.name)
        return {"handler": handler} if handler else {}

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        return Association(chapter=Chapter.ASSOCIATIONS, mime=name, handler=thing["handler"])

    async def make(self, step: Step, context: Context) -> None:
        association = step.resource
        assert isinstance(association, Association)
        path = self._mimeapps.resolve()
        self._record(association, path)
        self.inventory.keep(path)
        await output_of(("xdg-mime", "default", association.handler, association.mime), advice=ADVICE)
        self.inventory.changed(path)
        found = await current_handler(association.mime)
        if found != association.handler:
            what = f"xdg-mime was told, and {association.mime} still opens with {found or 'nothing'}"
            raise WorkstationFault(what, advice="the desktop's own settings may come first: look there")

    def _record(self, association: Association, path: Path) -> None:
        """What the file named before is kept with the thing, for a file that others change meanwhile."""
        thing = self.inventory.things.get(association.id)
        before = default_of(text_of(path), association.mime) if thing is None else thing.get("before")
        kept = {} if before is None else {"before": before}
        self.inventory.record(association.id, {"path": str(path), "handler": association.handler, **kept})

    async def remove(self, resource: Resource) -> None:
        """The user's own later choice stays."""
        assert isinstance(resource, Association)
        thing = self.inventory.things[resource.id]
        path = Path(thing["path"])
        if self.take_back(path, resource.id):
            return
        present = text_of(path)
        if default_of(present, resource.mime) == resource.handler:
            restored = with_default(present, resource.mime, thing.get("before"))
            self.inventory.put(path, restored.encode(errors="surrogateescape"))
        self.let_go(path, resource.id)


async def current_handler(mime: str) -> str:
    """The desktop file of the program that opens files of a media type; empty where there is none."""
    output = await output_of(("xdg-mime", "query", "default", mime), advice=ADVICE)
    return output.decode(errors="replace").strip()
