"""Blocks of lines in files that are otherwise not ours: .zshrc, /etc/hosts. Touches those files only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hardway.engine.handler import Context
from hardway.plan.steps import Step
from hardway.resources.base import Chapter, Resource, digest
from hardway.workstation.faults import WorkstationFault
from hardway.workstation.handlers.work import WorkstationHandler
from hardway.workstation.resources import Block
from hardway.workstation.texts import block_of, with_block, without_block


class BlockHandler(WorkstationHandler):
    """Puts a block into a file. A link is followed, so that a file that is kept elsewhere stays there."""

    kinds: ClassVar[tuple[str, ...]] = (Block.kind,)

    async def look(self, resource: Resource) -> Mapping[str, str]:
        lines = block_of(text_of(Path(resource.name)))
        return {} if lines is None else {"sha256": digest("\n".join(lines).encode())}

    def recorded(self, name: str, thing: Mapping[str, str]) -> Resource:
        return Block(chapter=Chapter(thing["chapter"]), path=name, lines=())

    async def make(self, step: Step, context: Context) -> None:
        block = step.resource
        assert isinstance(block, Block)
        path = Path(block.path).resolve()
        self.inventory.record(block.id, {"path": str(path), "chapter": block.chapter.value})
        self.inventory.put(path, _encoded(with_block(text_of(path), block.lines)))

    async def remove(self, resource: Resource) -> None:
        path = Path(self.inventory.things[resource.id]["path"])
        if self.take_back(path, resource.id):
            return
        present = text_of(path)
        if block_of(present) is not None:
            self.inventory.put(path, _encoded(without_block(present)))
        self.let_go(path, resource.id)


def text_of(path: Path) -> str:
    """A file's text, empty where there is none; bytes that are no UTF-8 come back as they are with `_encoded`."""
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as fault:
        raise WorkstationFault(f"{path} cannot be read: {fault.strerror}") from fault


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
