"""What secrets, configs and bind mounts hold on this computer. Reads files by `files` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hardway.compose.faults import Collector
from hardway.compose.files import File, FileFault, Files
from hardway.compose.loading.view import View
from hardway.compose.model import BindFile, BindSource, Material
from hardway.compose.tree import Place, Table


@dataclass(frozen=True, slots=True)
class Materials:
    """By key, and by path."""

    secrets: Mapping[str, Material]
    configs: Mapping[str, Material]
    binds: Mapping[str, BindSource]


def gather(
    tree: Table, binds: Mapping[str, Place], variables: Mapping[str, str], files: Files, faults: Collector
) -> Materials:
    """Read them all. What a bind mount's source lacks is told by the converter: it may not be needed."""
    reading = _Reading(variables, files, faults)
    return Materials(
        secrets={one.key: one for one in reading.section(tree, "secrets")},
        configs={one.key: one for one in reading.section(tree, "configs")},
        binds={path: _bind(Path(path), files) for path in binds},
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    variables: Mapping[str, str]
    files: Files
    faults: Collector

    def section(self, tree: Table, name: str) -> Iterator[Material]:
        section = View(tree, (), self.faults).inner(name)
        for key, entry in section.table.entries.items():
            one = section.inner(key)
            content = self._content(one, entry.place)
            if content is not None:
                yield Material(key, content, entry.place)

    def _content(self, one: View, place: Place) -> bytes | None:
        if one.truth("external"):
            way_out = "give its `file`, `environment` or `content`: hardway takes it to the cluster itself"
            self.faults.add(one.place("external"), one.path, "an external one is not known to this project", way_out)
            return None
        if one.has("content"):
            return one.text("content").encode()
        if one.has("environment"):
            return self._variable(one)
        if one.has("file"):
            return self._file(one)
        self.faults.add(place, one.path, "says nothing of what it holds", "give `file` or `environment`")
        return None

    def _variable(self, one: View) -> bytes | None:
        name = one.text("environment")
        if name not in self.variables:
            self.faults.add(
                one.place("environment"), one.path, f"the variable {name} is not set", "set it, or use `file`"
            )
            return None
        return self.variables[name].encode()

    def _file(self, one: View) -> bytes | None:
        path = one.text("file")
        try:
            found = self.files.read(Path(path))
        except FileFault as fault:
            self.faults.add(one.place("file"), one.path, f"{path} {fault}")
            return None
        if isinstance(found, File):
            return found.content
        what = "is not there" if found is None else "is a folder"
        self.faults.add(one.place("file"), one.path, f"{path} {what}", "name a file")
        return None


def _bind(path: Path, files: Files) -> BindSource:
    try:
        found = files.read(path)
    except FileFault as fault:
        return BindSource(why_not=str(fault))
    if found is None:
        return BindSource(why_not="is not there")
    if isinstance(found, File):
        return BindSource((BindFile("", found.content, found.executable),))
    inner = tuple(BindFile(name, one.content, one.executable) for name, one in found.files.items())
    return BindSource(inner, is_folder=True, why_not=found.why_not)
