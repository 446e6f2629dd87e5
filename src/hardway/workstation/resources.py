"""What a workstation holds beyond programs: links, completions, contexts, associations and the like. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hardway.resources.base import OPERATOR, UNKNOWN, Attributes, Known, Ref, Resource, Unknown, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Resource):
    """A symbolic link to a program that is somewhere else."""

    kind: ClassVar[str] = "link"
    removal: ClassVar[int] = 60
    machine: str = OPERATOR
    path: str
    target: str

    @property
    def name(self) -> str:
        return self.path

    def attributes(self, known: Known) -> Attributes:
        return {"target": self.target}

    def describe(self) -> str:
        return f"link {self.path} -> {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Resource):
    """A shell's completions for a program, printed by the program itself."""

    kind: ClassVar[str] = "completion"
    removal: ClassVar[int] = 50
    machine: str = OPERATOR
    path: str
    program: str
    shell: str
    version: str = ""
    """Of a program that is no blob."""
    blob: str = ""
    """The id of the program's `Blob`, where it is one."""

    @property
    def name(self) -> str:
        return self.path

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (Ref(self.blob, "sha256"),) if self.blob else ()

    def attributes(self, known: Known) -> Attributes:
        """`printed by` is what the program was; `altered` tells that somebody has edited the file since."""
        by = known(self.refs[0]) if self.blob else self.version.encode()
        return {"printed by": UNKNOWN if isinstance(by, Unknown) else by.decode(), "altered": "no"}

    def describe(self) -> str:
        return f"{self.shell} completions of {self.program}: {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Resource):
    """Lines between two marks in a file that is otherwise the user's or the system's."""

    kind: ClassVar[str] = "block"
    removal: ClassVar[int] = 40
    machine: str = OPERATOR
    path: str
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path

    def attributes(self, known: Known) -> Attributes:
        return {"sha256": digest("\n".join(self.lines).encode())}

    def describe(self) -> str:
        return f"block in {self.path}: {'; '.join(self.lines)}" if self.lines else f"block in {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeContext(Resource):
    """A cluster, its admin and its context in the user's own kubeconfig, under one name."""

    kind: ClassVar[str] = "kube-context"
    removal: ClassVar[int] = 30
    machine: str = OPERATOR
    context: str
    spec: str
    """The cluster's spec, in full."""
    path: str
    """The kubeconfig."""
    entries: str
    """A digest over the three entries."""

    @property
    def name(self) -> str:
        return self.context

    def attributes(self, known: Known) -> Attributes:
        return {"entries": self.entries}

    def describe(self) -> str:
        return f"context {self.context} in {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Association(Resource):
    """On Linux: the program that opens files of a media type."""

    kind: ClassVar[str] = "association"
    removal: ClassVar[int] = 20
    machine: str = OPERATOR
    mime: str
    handler: str
    """The name of its desktop file."""

    @property
    def name(self) -> str:
        return self.mime

    def attributes(self, known: Known) -> Attributes:
        return {"handler": self.handler}

    def describe(self) -> str:
        return f"{self.mime} opens with {self.handler}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType(Resource):
    """On Windows: the command that opens files of a type (ftype)."""

    kind: ClassVar[str] = "file-type"
    removal: ClassVar[int] = 20
    machine: str = OPERATOR
    file_type: str
    command: str

    @property
    def name(self) -> str:
        return self.file_type

    def attributes(self, known: Known) -> Attributes:
        return {"command": self.command}

    def describe(self) -> str:
        return f"Windows file type {self.file_type} opens with {self.command}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Resource):
    """On Windows: the file type of an extension (assoc)."""

    kind: ClassVar[str] = "extension"
    removal: ClassVar[int] = 10
    machine: str = OPERATOR
    extension: str
    file_type: str

    @property
    def name(self) -> str:
        return self.extension

    @property
    def follows(self) -> tuple[str, ...]:
        return (f"{FileType.kind}:{self.machine}:{self.file_type}",)

    def attributes(self, known: Known) -> Attributes:
        return {"type": self.file_type}

    def describe(self) -> str:
        return f"Windows extension {self.extension} is of type {self.file_type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonEnvironment(Resource):
    """A virtual environment with exactly what a lock file names."""

    kind: ClassVar[str] = "python-environment"
    removal: ClassVar[int] = 70
    machine: str = OPERATOR
    path: str
    lock: str
    """The lock's digest."""

    @property
    def name(self) -> str:
        return self.path

    def attributes(self, known: Known) -> Attributes:
        return {"lock": self.lock}

    def describe(self) -> str:
        return f"OpenStack client in {self.path}"
