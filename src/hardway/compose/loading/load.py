"""Compose files, override files, includes and extended services as one document. Reads files by `files` alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hardway.compose.faults import Collector, ComposeFaults
from hardway.compose.files import File, FileFault, Files
from hardway.compose.loading.canonical import canonical
from hardway.compose.loading.document import read
from hardway.compose.loading.environment import with_env_files
from hardway.compose.loading.extends import with_extends
from hardway.compose.loading.interpolate import BadVariable, expand, interpolated
from hardway.compose.loading.merge import merged, without_resets
from hardway.compose.loading.paths import with_paths
from hardway.compose.loading.profiles import active
from hardway.compose.loading.references import check_references
from hardway.compose.loading.request import Ground, Request, found_files, ground, project_name, text_of, variables_of
from hardway.compose.loading.shape import check_shape
from hardway.compose.tree import Items, Node, Notes, Place, Scalar, Table, text

DEEPEST: Final = 20
"""Includes within includes."""
MOST_INCLUDES: Final = 200
"""A few files that include each other twice would be read without end."""
RESOURCES: Final = ("services", "volumes", "networks", "secrets", "configs")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A project's document, resolved and in its long forms."""

    name: str
    directory: Path
    files: tuple[Path, ...]
    tree: Table
    variables: dict[str, str]
    warnings: tuple[tuple[Place, str], ...]


def load(request: Request, files: Files) -> Loaded:
    """Raises ComposeFaults with everything that is wrong."""
    faults, notes = Collector(), Notes()
    paths = found_files(request, files, faults)
    faults.raise_any()
    around = ground(request, paths[0], files, faults)
    named, place = _name_in(paths, around, files)
    name = project_name(request, named, place, around, faults)
    around = replace(around, variables={**around.variables, "COMPOSE_PROJECT_NAME": name})
    loading = Loading(files, faults, notes)
    tree = loading.layers(paths, around, ())
    faults.raise_any()
    profiles = request.profiles | _listed(around.variables.get("COMPOSE_PROFILES", ""))
    tree = with_extends(tree, loading.other, faults)
    tree = _stripped(tree.without("include"))
    tree = active(tree, profiles, faults)
    tree = with_env_files(tree, around.variables, files, faults)
    check_references(tree, faults)
    faults.raise_any()
    tree = tree.having("name", text(name, place))
    return Loaded(name, around.directory, paths, tree, dict(around.variables), tuple(notes.warnings))


def _listed(written: str) -> frozenset[str]:
    return frozenset(one.strip() for one in written.split(",") if one.strip())


def _name_in(paths: Sequence[Path], around: Ground, files: Files) -> tuple[str, Place]:
    """What the last file that has a `name` says: it is a variable of all files, so it is looked for before they are
    read. What is wrong with a file is told when it is read."""
    for path in reversed(paths):
        found = _peeked(path, files)
        if isinstance(found, Scalar):
            with suppress(BadVariable):
                return interpolated(found.text, around.variables), found.place
    return "", Place(str(paths[0]), 1, 1)


def _peeked(path: Path, files: Files) -> Node | None:
    content = text_of(path, files, Collector())
    try:
        return read(content, str(path)).get("name") if content else None
    except ComposeFaults:
        return None


class Loading:
    """Reads files and those that they include; each only once around itself."""

    def __init__(self, files: Files, faults: Collector, notes: Notes) -> None:
        self._files, self._faults, self._notes = files, faults, notes
        self._included = 0

    def layers(self, paths: Sequence[Path], around: Ground, above: tuple[Path, ...]) -> Table:
        """The files laid on each other."""
        tree: Table | None = None
        for path in paths:
            layer = self._layer(path, around, above)
            if layer is None:
                continue
            laid = layer if tree is None else merged(tree, layer, (), self._faults)
            assert isinstance(laid, Table)
            tree = laid
        return tree or Table({}, Place(str(paths[0]) if paths else ""))

    def other(self, path: Path, place: Place) -> Table | None:
        """The file of an extended service, with its own directory."""
        content = text_of(path, self._files, self._faults, place)
        if content is None:
            return None
        return self._read(content, path, Ground(path.parent, self._variables))

    def _layer(self, path: Path, around: Ground, above: tuple[Path, ...]) -> Table | None:
        content = text_of(path, self._files, self._faults)
        if content is None:
            return None
        self._variables = around.variables
        tree = self._read(content, path, around)
        return None if tree is None else self._with_includes(tree, around, (*above, path))

    def _read(self, content: str, path: Path, around: Ground) -> Table | None:
        try:
            tree = read(content, str(path))
        except ComposeFaults as fault:
            self._faults.faults.extend(fault.faults)
            return None
        before = len(self._faults.faults)
        tree = expand(tree.without("version"), around.variables, self._faults, self._notes)
        check_shape(_stripped(tree), self._faults)
        if len(self._faults.faults) > before:
            return None
        return with_paths(canonical(tree, self._faults), around)

    def _with_includes(self, tree: Table, around: Ground, above: tuple[Path, ...]) -> Table:
        include = tree.get("include")
        for item in include.items if isinstance(include, Items) else ():
            if isinstance(item, Table):
                tree = self._including(tree, item, around, above)
        return tree

    def _including(self, tree: Table, item: Table, around: Ground, above: tuple[Path, ...]) -> Table:
        paths = _paths(item, "path")
        self._included += 1
        if not paths or self._included > MOST_INCLUDES:
            what = "names no file" if not paths else f"more than {MOST_INCLUDES} files are included"
            self._faults.add(item.place, ("include",), what, "name fewer" if paths else "give its path")
            return tree
        if len(above) > DEEPEST or any(path in above for path in paths):
            self._faults.add(item.place, ("include",), "a file that includes itself", "take one of the includes away")
            return tree
        given = _paths(item, "project_directory")
        directory = given[0] if given else paths[0].parent
        env_files = _paths(item, "env_file") or _default_env(directory, self._files)
        variables = variables_of(env_files, around.variables, self._files, self._faults, item.place)
        inner = self.layers(paths, Ground(directory, variables), above)
        self._variables = around.variables
        return self._joined(tree, inner, item)

    def _joined(self, tree: Table, inner: Table, item: Table) -> Table:
        """What is included must not be there already: it is another's model, not an override."""
        for section in RESOURCES:
            theirs, ours = inner.get(section), tree.get(section)
            if not isinstance(theirs, Table):
                continue
            if not isinstance(ours, Table):
                tree = tree.having(section, theirs, inner.entries[section].place)
                continue
            for key, entry in theirs.entries.items():
                there = ours.entries.get(key)
                if there is not None and there != entry:
                    way_out = f"rename one of them; the other is at {entry.place}"
                    self._faults.add(there.place, (section, key), "is also in a file that is included", way_out)
                else:
                    ours = ours.having(key, entry.node, entry.place)
            tree = tree.having(section, ours)
        return tree


def _stripped(tree: Table) -> Table:
    """What is tagged !reset may have any value, and is as good as not there."""
    stripped = without_resets(tree)
    assert isinstance(stripped, Table)
    return stripped


def _paths(item: Table, key: str) -> list[Path]:
    found = item.get(key)
    nodes = found.items if isinstance(found, Items) else (found,)
    return [Path(node.text) for node in nodes if isinstance(node, Scalar)]


def _default_env(directory: Path, files: Files) -> list[Path]:
    try:
        return [directory / ".env"] if isinstance(files.read(directory / ".env"), File) else []
    except FileFault:
        return []
