"""Which files make a project, which variables, and its name: what the command line, .env and the environment say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.files import File, FileFault, Files
from hardway.compose.loading.dotenv import read_variables
from hardway.compose.tree import Place

NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What is looked for, in this order."""
PROJECT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    directory: Path
    """Where the command was given; absolute."""
    files: tuple[Path, ...] = ()
    """Given by -f; without any, the files of the specification's names are looked for here and above."""
    env_files: tuple[Path, ...] = ()
    profiles: frozenset[str] = frozenset()
    name: str = ""
    project_directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """This process's."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What one set of compose files is read with."""

    directory: Path
    """Relative paths begin here."""
    variables: Mapping[str, str]


def text_of(path: Path, files: Files, faults: Collector, place: Place | None = None) -> str | None:
    """A file's text; None, and a fault at `place`, where it cannot be had."""
    where = place or Place(str(path))
    named = "" if place is None else f"{path}: "
    try:
        found = files.read(path)
        if found is None:
            faults.add(where, (), f"{named}there is no such file", "is the path right?")
        elif not isinstance(found, File):
            faults.add(where, (), f"{named}is a folder", "name the file in it")
        else:
            return found.content.decode()
    except FileFault as fault:
        faults.add(where, (), f"{named}{fault}", "name a file that you may read")
    except UnicodeDecodeError:
        faults.add(where, (), f"{named}is not UTF-8 text", "save the file as UTF-8")
    return None


def found_files(request: Request, files: Files, faults: Collector) -> tuple[Path, ...]:
    """The project's compose files, in the order in which they are laid on each other."""
    if request.files:
        return tuple(absolute(str(path), request.directory, request.environment) for path in request.files)
    listed = request.environment.get("COMPOSE_FILE")
    if listed:
        separator = request.environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        return tuple(absolute(one, request.directory, request.environment) for one in listed.split(separator) if one)
    found = next((path for path in _candidates(request.directory) if _is_file(path, files)), None)
    if found is None:
        way_out = f"name the file with -f; else it is called {NAMES[0]} or {NAMES[2]}"
        faults.add(Place(str(request.directory)), (), "there is no compose file here nor above", way_out)
        return ()
    override = (found.with_name(f"{found.stem}.override{suffix}") for suffix in (".yaml", ".yml"))
    return (found, *(path for path in override if _is_file(path, files)))


def _candidates(directory: Path) -> Iterator[Path]:
    return (folder / name for folder in (directory, *directory.parents) for name in NAMES)


def _is_file(path: Path, files: Files) -> bool:
    try:
        return isinstance(files.read(path), File)
    except FileFault:
        return True  # there, and unreadable: told when it is read


def ground(request: Request, first: Path, files: Files, faults: Collector) -> Ground:
    """The project's directory and variables; this process's environment goes before .env."""
    directory = request.project_directory or first.parent
    given = [absolute(str(path), request.directory, request.environment) for path in request.env_files]
    paths = given or ([directory / ".env"] if _is_file(directory / ".env", files) else [])
    return Ground(directory, variables_of(paths, request.environment, files, faults))


def variables_of(
    paths: list[Path], around: Mapping[str, str], files: Files, faults: Collector, place: Place | None = None
) -> Mapping[str, str]:
    """What is around, and beneath it what the files say."""
    found: dict[str, str] = {}
    for path in paths:
        content = text_of(path, files, faults, place)
        if content is not None:
            found |= read_variables(content, str(path), {**found, **around}, faults)
    return {**found, **around}


def absolute(written: str, directory: Path, variables: Mapping[str, str]) -> Path:
    """A path of a compose file: ~ is the user's home, and relative ones begin in the project's directory."""
    if written == "~" or written.startswith("~/"):
        written = variables.get("HOME", "/root") + written[1:]
    return Path(os.path.normpath(directory / written))


def project_name(request: Request, named: str, place: Place, ground: Ground, faults: Collector) -> str:
    """By -p, COMPOSE_PROJECT_NAME, the file's `name`, else the directory's."""
    given = request.name or ground.variables.get("COMPOSE_PROJECT_NAME", "") or named
    name = given or re.sub(r"[^a-z0-9_-]", "", ground.directory.name.lower()).lstrip("_-")[:63]
    if not PROJECT_NAME.fullmatch(name):
        way_out = "small letters, digits, hyphens and underscores, a letter or digit first; give another with -p"
        faults.add(place, ("name",), f"{name!r} is no project's name", way_out)
    return name
