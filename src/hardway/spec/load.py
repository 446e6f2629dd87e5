"""Reads cluster.yaml, and nothing else; tells all that is wrong with it at once, each fault with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path as FilePath
from typing import Final

from hardway.spec.document import LARGEST, Document, read, too_large
from hardway.spec.faults import Fault, Finding, Path, SpecFaults, dotted
from hardway.spec.kinds import DEFAULT_KINDS, Kinds
from hardway.spec.model import Cluster
from hardway.spec.rules import findings
from hardway.spec.shape import Shape, meant, shape
from hardway.spec.wording import worded

__all__ = ["DEFAULT_KINDS", "Fault", "Kinds", "SpecFaults", "load", "parse"]

MOST_FAULTS: Final = 100
"""So many are told."""


def load(path: FilePath, kinds: Kinds = DEFAULT_KINDS) -> Cluster:
    """The cluster that a file describes. Raises SpecFaults with everything that is wrong with it."""
    return parse(decoded(read_bytes(path), str(path)), str(path), kinds)


def read_bytes(path: FilePath, init: str = "hardway init") -> bytes:
    """A spec's bytes; `init` is the command that writes one. Raises SpecFaults."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file", f"write one with `{init}`") from None
    except IsADirectoryError:
        raise _unreadable(path, "is a directory", "name the file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(path, f"cannot be read: {reason}", "name a file that you may read") from None
    if len(content) > LARGEST:  # what was read is but a part of it
        raise too_large(str(path))
    return content


def _unreadable(path: FilePath, what: str, way_out: str) -> SpecFaults:
    return SpecFaults((Fault(str(path), 0, 0, "", what, way_out),))


def decoded(content: bytes, file: str) -> str:
    """A spec's text. Raises SpecFaults where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise SpecFaults((Fault(file, line, column, "", "is not UTF-8 text", "save the file as UTF-8"),)) from None


def parse(text: str, file: str = "cluster.yaml", kinds: Kinds = DEFAULT_KINDS) -> Cluster:
    """The cluster that a YAML text describes; `file` names it in faults. Raises SpecFaults, and nothing else."""
    document = read(text, file)
    made = shape(document)
    rule_faults = islice(_rule_faults(made, kinds, document, file), MOST_FAULTS + 1)
    faults = [*document.faults, *_shape_faults(made, document, file), *rule_faults]
    if faults or made.cluster is None:
        raise SpecFaults(_told(faults, file))
    return made.cluster


def _told(faults: list[Fault], file: str) -> tuple[Fault, ...]:
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column))
    if len(ordered) <= MOST_FAULTS:
        return tuple(ordered)
    return (*ordered[:MOST_FAULTS], Fault(file, 0, 0, "", "there are more faults", "mend these first"))


def _shape_faults(made: Shape, document: Document, file: str) -> Iterator[Fault]:
    """pydantic's errors as faults; none for a key that is missing only because it is misspelt, nor for a list that is
    too short only because its items are at fault."""
    errors = made.errors[: MOST_FAULTS + 1]
    misspelt = {path for error in errors if (path := meant(error))}
    for error in errors:
        if error["type"] == "missing" and error["loc"] in misspelt:
            continue
        if error["type"] == "too_short" and error["input"]:
            continue
        what, way_out = worded(error)
        place = document.nearest_place(error["loc"], of_key=error["type"] == "extra_forbidden")
        yield Fault(file, place.line, place.column, dotted(error["loc"]), what, way_out)


def _rule_faults(made: Shape, kinds: Kinds, document: Document, file: str) -> Iterator[Fault]:
    """What the rules find, but for what only follows from a fault told already."""
    if made.cluster is None:
        return
    for finding in findings(made.cluster, kinds):
        about = tuple(made.original(path) for path in finding.about)
        if not made.touches(about):
            yield _placed(finding, about, document, file)


def _placed(finding: Finding, about: tuple[Path, ...], document: Document, file: str) -> Fault:
    """At its own field, or where that is a default at the first given field that it was compared with."""
    where = about[0]
    given = next((path for path in about if path in document.values), where)
    place = document.nearest_place(given)
    by_default = "" if where in document.values else "by default, "
    return Fault(file, place.line, place.column, dotted(where), by_default + finding.what, finding.way_out)
