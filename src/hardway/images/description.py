"""What an image is described by: image.yaml, and the files beside it. Pure; `reading.py` reads them.

A description says which packages of which Debian suite are put into the image, what is laid over them, and how a
container of it starts. Everything that decides what comes out is in its `digest`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hardway.spec.fields import Model

LAYOUT: Final = 1
"""Raised when the same description would make another image."""

SEGMENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
"""Part of a repository's name (OCI Distribution Specification, "Pulling manifests")."""
REPOSITORY: Final = rf"(?:[a-z0-9][a-z0-9.-]*(?::[0-9]+)?/)?{SEGMENT}(?:/{SEGMENT})*"
TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"


def _absolute(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not path.startswith("/") or ".." in parts or "\0" in path or str(PurePosixPath(path)) != path or path == "/":
        raise ValueError("must be an absolute path without `..`, `//` or a slash at its end")
    return path


def _beside(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts or "\0" in path:
        raise ValueError("must be a path in the description's own folder")
    return path


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as fault:
        raise ValueError(f"is no regular expression: {fault}") from None
    return text


Repository = Annotated[str, Field(pattern=rf"^{SEGMENT}(?:/{SEGMENT})*$", max_length=200)]
Tag = Annotated[str, Field(pattern=rf"^{TAG}$")]
Suffix = Annotated[str, Field(pattern=r"^(-[A-Za-z0-9._-]{1,40})?$")]
Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
"""A binary package's name (Debian Policy, 5.6.7)."""
Inside = Annotated[str, AfterValidator(_absolute)]
"""An absolute path in the image."""
Beside = Annotated[str, AfterValidator(_beside)]
Account = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
Number = Annotated[int, Field(ge=0, le=65533)]
Mode = Annotated[int, Field(ge=0, le=0o7777)]
Owner = Annotated[tuple[Number, Number], Field(description="user and group number")]


class User(Model):
    """A user and a group of the same name and number."""

    name: Account
    number: Number
    home: Inside


class LaidFile(Model):
    """A file laid over the packages' own."""

    path: Inside
    source: Beside
    """The file beside the description that has its content."""
    mode: Mode = 0o644
    owner: Owner = (0, 0)


class LaidFolder(Model):
    """All files of a folder, at the same places below `path`; those that may be run there, may be run in the image."""

    path: Inside
    source: Beside
    """The folder beside the description."""
    owner: Owner = (0, 0)


class LaidDirectory(Model):
    """A directory that must be there."""

    path: Inside
    mode: Mode = 0o755
    owner: Owner = (0, 0)


class LaidLink(Model):
    """A symbolic link."""

    path: Inside
    target: Annotated[str, Field(min_length=1, max_length=255)]


class Start(Model):
    """How a container of the image starts (OCI Image Configuration, `config`)."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(default_factory=dict)
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    volumes: tuple[Inside, ...] = ()
    user: str = ""
    directory: str = "/"
    stop_signal: Annotated[str, Field(pattern=r"^SIG[A-Z0-9]+$")] | None = None


class Substitute(Model):
    """Tags of the public image that are not made here, and for which this image may stand, with the difference said."""

    tags: Annotated[str, AfterValidator(_expression)]
    """A regular expression for the whole tag."""
    but: str
    """What is different, in words that follow "but"."""


class OneProgram(Model):
    """A static program that is built from Go modules, instead of packages."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """As the catalogue of programs calls it."""
    path: Inside
    """Where it lies in the image."""


class Described(Model):
    """image.yaml."""

    name: Repository
    """The repository's name, as on Docker Hub."""
    title: Annotated[str, Field(min_length=1, max_length=120)]
    suite: Literal["bookworm", "trixie", "sid"] = "trixie"
    whole: bool = True
    """Whether the packages are installed with all they need, into a Debian with a shell; else they are but unpacked,
    with nothing around them."""
    packages: tuple[Package, ...] = ()
    version_of: Package | None = None
    """The package whose upstream version is the image's tag; by default the first."""
    program: OneProgram | None = None
    """A program with nothing around it, instead of packages."""
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,3}$")] | None = None
    """The version of an image of one program."""
    tags: tuple[Tag, ...] = ("latest",)
    """More tags."""
    suffixes: Annotated[tuple[Suffix, ...], Field(min_length=1)] = ("",)
    """What follows the version in tags, such as -slim."""
    substitutes: tuple[Substitute, ...] = ()
    refused: str = ""
    """Why other tags are refused, beyond that they are not there."""
    applets: bool = False
    """Whether /bin/busybox is asked for the names that it answers to, and each becomes a link."""
    users: tuple[User, ...] = ()
    directories: tuple[LaidDirectory, ...] = ()
    files: tuple[LaidFile, ...] = ()
    folders: tuple[LaidFolder, ...] = ()
    links: tuple[LaidLink, ...] = ()
    removed: tuple[Inside, ...] = ()
    """Files and directories of the packages that are left out."""
    start: Start = Start()

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.packages) == (self.program is not None):
            raise ValueError("is made of `packages` or of one `program`: give one of them")
        if (self.program is None) != (self.version is None):
            raise ValueError("`version` goes with `program`, and with it alone: packages have versions of their own")
        return self

    @property
    def origin(self) -> str:
        """What it is made from, for a person."""
        return f"Debian {self.suite}" if self.program is None else "Go modules"

    @property
    def main_package(self) -> str:
        """The package or program that the image is named for."""
        if self.program is not None:
            return self.program.name
        return self.version_of or self.packages[0]


@dataclass(frozen=True)
class Description:
    """A description with its files' content."""

    said: Described
    files: tuple[LaidFile, ...]
    """Those that it names, and all that are in its folders."""
    contents: Mapping[str, bytes]
    """By the files' path in the image."""

    @property
    def name(self) -> str:
        return self.said.name

    @property
    def laid(self) -> tuple[str, ...]:
        """The paths of all that is laid over what the image is made of."""
        return tuple(one.path for group in (self.files, self.said.directories, self.said.links) for one in group)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over all that decides what comes out, but for the packages' versions."""
        contents = {path: sha256(content).hexdigest() for path, content in self.contents.items()}
        files = [file.model_dump(mode="json") for file in self.files]
        whole = [LAYOUT, self.said.model_dump(mode="json"), files, contents]
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]
