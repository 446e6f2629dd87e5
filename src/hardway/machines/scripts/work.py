"""A step with all that its script must hold, and the lines that every script shares. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from shlex import quote

from hardway.machines import inventory
from hardway.plan.steps import Step
from hardway.resources.base import Resource


@dataclass(frozen=True, slots=True)
class Work:
    """A step with all that its script must hold: resolved, so never shown or kept."""

    step: Step
    content: bytes = b""
    """A file's content."""
    blob: str = ""
    """Where the program or image lies on the machine."""
    shared: bool = False
    """The blob lies in the operator's cache, mounted there read-only."""
    sha256: str = ""
    digest: str = ""
    readers: tuple[str, ...] = ()
    """Units that read it."""

    def __repr__(self) -> str:
        return f"Work({self.step.id})"


def record(work: Work, **attributes: str) -> str:
    """The line that records the thing as ours."""
    resource = work.step.resource
    line = inventory.made(resource.kind, resource.name, {"chapter": resource.chapter.value, **attributes})
    return f"record {quote(line)}\n"


def record_was(work: Work, was: str) -> str:
    """The same with what was there before, unless that was recorded when it was taken."""
    return record(work) if work.step.seen.owned else record(work, was=was)


def forget(resource: Resource) -> str:
    """The line that records the thing as no longer ours."""
    return f"record {quote(inventory.gone(resource.kind, resource.name))}\n"


def beside(path: str) -> str:
    """The quoted name under which a file is written before it is renamed into place."""
    where = PurePosixPath(path)
    return quote(str(where.with_name(f".{where.name}.hardway")))
