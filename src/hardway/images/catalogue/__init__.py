"""The images that hardway describes itself, a folder each. Reads the installed package only."""

from __future__ import annotations

from importlib import resources

from hardway.images.description import Description
from hardway.images.reading import FILE, load


def names() -> tuple[str, ...]:
    """All of them, in order."""
    folders = resources.files(__name__).iterdir()
    return tuple(sorted(folder.name for folder in folders if folder.is_dir() and (folder / FILE).is_file()))


def description(name: str) -> Description:
    """One of them. Raises KeyError."""
    if name not in names():
        raise KeyError(name)
    return load(resources.files(__name__) / name)
