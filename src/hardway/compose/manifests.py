"""Writes a converted project's objects into a folder, a file each in the order of their application."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from hardway.compose.converting.convert import Converted
from hardway.compose.converting.parts import Body


class NotEmpty(Exception):
    """The folder has something in it."""


def write(converted: Converted, folder: Path) -> Sequence[Path]:
    """The files, only the user's own to read: some hold secrets. Raises NotEmpty, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotEmpty(str(folder))
    return [_write(folder, number, body) for number, body in enumerate(converted.bodies(), 1)]


def _write(folder: Path, number: int, body: Body) -> Path:
    path = folder / f"{number:03}-{body['kind'].lower()}-{body['metadata']['name']}.yaml"
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(as_text(body), encoding="utf-8")
    return path


def as_text(body: Body) -> str:
    """An object as YAML, without aliases for what stands in two places."""
    text: str = yaml.safe_dump(json.loads(json.dumps(body)), sort_keys=False, allow_unicode=True)
    return text
