"""Options that the verbs of `hardway compose` share, and the project that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hardway.compose.loading.request import Request

ComposeFiles = Annotated[
    list[Path] | None,
    typer.Option("--file", "-f", metavar="FILE", help="A compose file; several are laid on each other."),
]
ProjectName = Annotated[str, typer.Option("--project-name", "-p", metavar="NAME", help="The project's name.")]
EnvFiles = Annotated[
    list[Path] | None, typer.Option("--env-file", metavar="FILE", help="Instead of .env; several are read in order.")
]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", metavar="NAME", help="Enable a profile; * enables all.")
]
ProjectDirectory = Annotated[
    Path | None,
    typer.Option(
        "--project-directory", metavar="DIR", help="Where relative paths begin, if not beside the first file."
    ),
]
ClusterFile = Annotated[Path, typer.Option("--cluster", metavar="FILE", help="The cluster's spec.")]
Lax = Annotated[
    bool,
    typer.Option("--lax", help="Leave out keys that have no place on a cluster, and tell; else they are refused."),
]


def request_of(
    files: list[Path] | None,
    name: str,
    env_files: list[Path] | None = None,
    profiles: list[str] | None = None,
    directory: Path | None = None,
) -> Request:
    """What the user asked for, with this process's directory and environment."""
    from hardway.compose.loading.request import Request

    here = Path.cwd()
    return Request(
        directory=here,
        files=tuple(files or ()),
        env_files=tuple(env_files or ()),
        profiles=frozenset(profiles or ()),
        name=name,
        project_directory=None if directory is None else here / directory,
        environment=dict(os.environ),
    )
