"""Names of images: what a reference means, which tags an image has, and what may stand for others. Pure.

A tag that is not there is never silently another: a substitute is one that the description states, and comes with a
note that says what is different; everything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hardway.images.description import REPOSITORY, TAG, Described, Substitute
from hardway.images.faults import ImageFault
from hardway.spec.faults import listed, nearest, shown

DOCKER_HUB: Final = "docker.io"
_REFERENCE: Final = re.compile(rf"(?P<repository>{REPOSITORY})(?::(?P<tag>{TAG}))?")
_UPSTREAM: Final = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)*)")
LONGEST: Final = 512
"""Characters of a reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name in full: docker.io/library/nginx, and a tag."""

    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def familiar(self) -> str:
        """As people write it: nginx:1.26, without Docker Hub's own name."""
        return f"{self.repository.removeprefix(f'{DOCKER_HUB}/').removeprefix('library/')}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tag an image is to have for a reference; `note` says what it is not, where it only stands for another."""

    reference: Reference
    note: str = ""


def reference(text: str) -> Reference:
    """The reference that a text means, as Docker reads it (distribution/reference, "normalize"). Raises ImageFault."""
    found = _REFERENCE.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ImageFault(
            f"{shown(text)} is no name of an image",
            advice="Write NAME or NAME:TAG, such as nginx:1.26; a digest (@sha256:...) cannot be made to order.",
            bad_input=True,
        )
    return Reference(full_repository(found["repository"]), found["tag"] or "latest")


def full_repository(name: str) -> str:
    """nginx is docker.io/library/nginx; what begins with a host keeps it."""
    first, _, rest = name.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return f"{DOCKER_HUB}/library/{rest}" if first == DOCKER_HUB and "/" not in rest else name
    return f"{DOCKER_HUB}/{name}" if rest else f"{DOCKER_HUB}/library/{name}"


def upstream_version(version: str) -> str:
    """1.26.3 of Debian's 1:1.26.3-3+deb13u1: the leading numbers, as upstream counts its releases."""
    found = _UPSTREAM.match(version)
    if found is None:
        raise ImageFault(f"{shown(version)} does not begin with a number: no tag can be made of it")
    return found[1]


def tags(said: Described, version: str) -> tuple[str, ...]:
    """All tags of an image of a Debian version, the most exact first: 1.26.3, 1.26, 1, latest."""
    parts = upstream_version(version).split(".")
    numbers = [".".join(parts[:length]) for length in range(min(len(parts), 3), 0, -1)]
    exact = [f"{number}{suffix}" for suffix in said.suffixes for number in numbers]
    return tuple(dict.fromkeys((*exact, *said.tags)))


def require_possible(said: Described, wanted: Reference) -> None:
    """Raises ImageFault for a tag that the image cannot have, and for which nothing may stand: known before it is made.

    What a description lets this image stand for includes each version that the image itself can have.
    """
    if wanted.tag not in said.tags and _substitute(said, wanted.tag) is None:
        raise _refusal(said, said.tags, wanted)


def choose(said: Described, made: Sequence[str], wanted: Reference) -> Choice:
    """What a made image, with the tags `made`, is for a reference to its repository. Raises ImageFault."""
    if wanted.tag in made:
        return Choice(wanted)
    substitute = _substitute(said, wanted.tag)
    if substitute is None:
        raise _refusal(said, made, wanted)
    main = Reference(wanted.repository, made[0]).familiar
    return Choice(wanted, f"{wanted.familiar} is not made here; {main} stands for it, but: {substitute.but}")


def _substitute(said: Described, tag: str) -> Substitute | None:
    return next((one for one in said.substitutes if re.fullmatch(one.tags, tag)), None)


def _refusal(said: Described, made: Sequence[str], wanted: Reference) -> ImageFault:
    reason = f" ({said.refused})" if said.refused else ""
    return ImageFault(
        f"{wanted.familiar} is not made here, and nothing may stand for it{reason}",
        advice=f"Tags of {said.name}: {', '.join(made)}.",
        bad_input=True,
    )


def unknown(wanted: Reference, known: Iterable[str]) -> ImageFault:
    """For a repository that the catalogue has not."""
    names = sorted(known)
    near = nearest(wanted.familiar.rsplit(":", 1)[0], names)
    first = f"Did you mean {near}? " if near else ""
    return ImageFault(
        f"{wanted.familiar} is not in the catalogue",
        advice=f"{first}It has {listed(names, 'and')}; a folder with an image.yaml describes another one.",
        bad_input=True,
    )
