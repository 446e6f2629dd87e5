"""Lays a description's users, files and links over a tree of packages. Touches that tree only.

Paths are resolved inside the tree: a link of the tree's own, such as /var/run, never leads out of it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Final

from hardway.images.description import Description, User
from hardway.images.faults import ImageFault

MOST_LINKS: Final = 40
"""As many links as Linux follows in one path (path_resolution(7))."""
CHANGED: Final = 18262
"""The day of a password's last change, in days since 1970 (shadow(5)): always the same."""


def lay(tree: Path, description: Description) -> None:
    """All that is said beyond packages. Raises ImageFault for what cannot be."""
    said = description.said
    for path in said.removed:
        _remove(inside(tree, path))
    for user in said.users:
        _add_user(tree, user)
    for directory in said.directories:
        place = inside(tree, directory.path)
        place.mkdir(parents=True, exist_ok=True)
        _owned(place, directory.owner, directory.mode)
    for file in description.files:
        place = _free(inside(tree, file.path))
        place.write_bytes(description.contents[file.path])
        _owned(place, file.owner, file.mode)
    for link in said.links:
        _free(inside(tree, link.path)).symlink_to(link.target)


def inside(tree: Path, path: str) -> Path:
    """Where a path of the image is in the tree: links on the way are followed inside it, one at the end is not.

    Raises ImageFault for links in a circle.
    """
    resolved: list[str] = []
    left = list(PurePosixPath(path).parts[1:])
    followed = 0
    while left:
        part = left.pop(0)
        if part == "..":
            del resolved[-1:]
            continue
        place = tree.joinpath(*resolved, part)
        if not (left and place.is_symlink()):
            resolved.append(part)
            continue
        followed += 1
        if followed > MOST_LINKS:
            raise ImageFault(f"{path}: too many symbolic links lead there")
        target = PurePosixPath(place.readlink())
        if target.is_absolute():
            resolved = []
        left = [*(part for part in target.parts if part != "/"), *left]
    return tree.joinpath(*resolved)


def _free(place: Path) -> Path:
    """The place with nothing in it, in a directory that is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        raise ImageFault(f"/{place.name} is a directory in the image, where a file or link should be")
    place.unlink(missing_ok=True)
    return place


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
        return
    if not place.is_symlink() and not place.exists():
        raise ImageFault(f"there is no {place.name} to leave out of the image", advice="Mend `removed`.")
    place.unlink()


def _owned(place: Path, owner: tuple[int, int], mode: int) -> None:
    os.chown(place, *owner)
    place.chmod(mode)


def _add_user(tree: Path, user: User) -> None:
    """Lines in passwd(5), group(5) and shadow(5), with numbers that do not depend on which packages came first."""
    number = user.number
    lines = {
        "etc/passwd": f"{user.name}:x:{number}:{number}::{user.home}:/usr/sbin/nologin",
        "etc/group": f"{user.name}:x:{number}:",
        "etc/shadow": f"{user.name}:!:{CHANGED}::::::",
        "etc/gshadow": f"{user.name}:!::",
    }
    for path, line in lines.items():
        file = tree / path
        if file.exists():
            _append(file, line, user)


def _append(file: Path, line: str, user: User) -> None:
    taken = [known.split(":") for known in file.read_text().splitlines()]
    numbered = file.name in ("passwd", "group")
    if any(row[0] == user.name or (numbered and row[2] == str(user.number)) for row in taken):
        raise ImageFault(
            f"user {user.name} ({user.number}) is in the image's {file.name} already", advice="Mend `users`."
        )
    with file.open("a") as opened:
        opened.write(f"{line}\n")
