"""From a request to a Project: the loader's stages in order, on one screen. Reads files by `files` alone."""

from __future__ import annotations

from dataclasses import dataclass

from hardway.compose.faults import Collector
from hardway.compose.files import Files
from hardway.compose.loading.load import Loaded, load
from hardway.compose.loading.materials import gather
from hardway.compose.loading.project import project_of
from hardway.compose.loading.request import Request
from hardway.compose.loading.storage import bind_sources
from hardway.compose.model import Project


@dataclass(frozen=True, slots=True)
class Read:
    """A project and the document that it was read from."""

    loaded: Loaded
    project: Project


def read_project(request: Request, files: Files) -> Read:
    """Raises ComposeFaults with all that is wrong."""
    loaded = load(request, files)
    faults = Collector()
    materials = gather(loaded.tree, bind_sources(loaded.tree), loaded.variables, files, faults)
    project = project_of(loaded, materials, faults)
    faults.raise_any()
    return Read(loaded, project)
