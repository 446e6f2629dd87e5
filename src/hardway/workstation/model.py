"""What workstation.yaml says, as a value. Pure: nothing is read here (see `load.py`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from hardway.spec.fields import Model

FOLDER_PATTERN: Final = r"^(~|/)[^\x00-\x1f\x7f:]*$"
MIME_PATTERN: Final = r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$"
"""A restricted media type (RFC 6838, 4.2), in lower case as xdg-mime compares it."""
DESKTOP_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}\.desktop$"
FILE_TYPE_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,100}$"
EXTENSION_PATTERN: Final = r"^\.[A-Za-z0-9_+-]{1,50}$"
WINDOWS_PROGRAM_PATTERN: Final = r'^[A-Za-z]:\\[^"<>|*?/%\x00-\x1f\x7f]{1,250}$'
"""A drive, then what a file's name may hold (Naming Files, Paths, and Namespaces), but for %, which a shell expands."""
WORD_PATTERN: Final = r"^[^\x00-\x1f\x7f]+$"


class Software(StrEnum):
    """A program that can be put on this computer."""

    KUBECTL = "kubectl"
    HARDWAY = "hardway"
    OPENSTACK = "openstack"


class Shell(StrEnum):
    """A shell that completions are made for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class ClusterEntry(Model):
    """A cluster that is worked on from here."""

    spec: Annotated[str, Field(pattern=WORD_PATTERN)]
    """Its cluster.yaml; a relative path begins at this file's folder."""
    names: Literal["none", "hosts"] = "none"
    """hosts: what DNS does not know of its names is written into /etc/hosts, which takes root."""


MimeType = Annotated[str, Field(pattern=MIME_PATTERN)]
DesktopId = Annotated[str, Field(pattern=DESKTOP_PATTERN)]
FileTypeName = Annotated[str, Field(pattern=FILE_TYPE_PATTERN)]
Extension = Annotated[str, Field(pattern=EXTENSION_PATTERN)]
WindowsProgram = Annotated[str, Field(pattern=WINDOWS_PROGRAM_PATTERN)]


class Windows(Model):
    """What opens files on Windows, changed by its own assoc and ftype."""

    cmd: tuple[Annotated[str, Field(pattern=WORD_PATTERN)], ...] = Field(default=("cmd.exe",), min_length=1)
    """How cmd.exe is run from here: as WSL finds it, or for instance [wine, cmd]."""
    file_types: dict[FileTypeName, WindowsProgram] = Field(default_factory=dict)
    """For a file type (ftype) the program that opens it, without quotes: txtfile: C:\\Tools\\editor.exe."""
    extensions: dict[Extension, FileTypeName] = Field(default_factory=dict)
    """For an extension (assoc) its file type: .txt: txtfile."""


class Workstation(Model):
    """The computer that clusters are worked on from."""

    api_version: Literal["hardway/v1"] = "hardway/v1"
    """The spec's own version."""
    kind: Literal["Workstation"] = "Workstation"
    """What the file describes."""
    bin: Annotated[str, Field(pattern=FOLDER_PATTERN)] = "~/.local/bin"
    """The folder of the user's own programs; it should be on the PATH."""
    programs: tuple[Software, ...] = (Software.KUBECTL, Software.HARDWAY)
    """kubectl from hardway's cache; hardway, a link to this one; openstack, the OpenStack client in an environment of
    its own."""
    completions: tuple[Shell, ...] = (Shell.BASH,)
    """The shells that complete kubectl and hardway."""
    clusters: tuple[ClusterEntry, ...] = ()
    """The clusters whose contexts the user's kubeconfig shall have."""
    associations: dict[MimeType, DesktopId] = Field(default_factory=dict)
    """On Linux: for a media type the desktop file of the program that opens it (xdg-mime)."""
    windows: Windows = Windows()
    """On Windows: what opens files there."""
