"""What `hardway images` does: list, build, push and remove images of this computer's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from hardway.images import catalogue, names, shelf
from hardway.images.build import Builder, key_of
from hardway.images.contents import ORIGIN_LABEL, PACKAGES_LABEL, TITLE_LABEL
from hardway.images.description import Description
from hardway.images.faults import ImageFault
from hardway.images.names import Choice, Reference
from hardway.images.push import Pushed, Registry, opened
from hardway.images.reading import load
from hardway.images.shelf import Kept
from hardway.sources.cache import Cache
from hardway.sources.source import own_architecture
from hardway.spec.faults import SpecFaults

Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Listed:
    """An image of the catalogue or of the cache."""

    name: str
    title: str
    state: str
    """built; not built; outdated, where its description was another one then."""
    version: str = ""
    tags: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """name=version of each."""
    origin: str = ""
    """What it is made from: a Debian suite, or Go modules."""
    size: int = 0
    """Bytes of the archive."""
    digest: str = ""
    """The manifest's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An image that was asked for by name or by its folder."""

    description: Description
    reference: Reference | None
    """None for a folder: all tags are its own then."""


@dataclass(frozen=True, slots=True)
class Built:
    """A wish and the image that fulfils it."""

    wish: Wish
    kept: Kept
    choice: Choice | None

    @property
    def note(self) -> str:
        return self.choice.note if self.choice else ""

    @property
    def listed(self) -> Listed:
        return _listed(self.kept, "built")


def wish(text: str) -> Wish:
    """A reference, or a folder with an image.yaml (a path with a slash at its beginning or end, or ./). Raises
    ImageFault, SpecFaults."""
    if text.startswith(("/", "./", "../")) or text.endswith("/") or text in (".", ".."):
        return Wish(load(Path(text)), None)
    wanted = names.reference(text)
    for name in catalogue.names():
        description = catalogue.description(name)
        if names.full_repository(description.name) == wanted.repository:
            names.require_possible(description.said, wanted)
            return Wish(description, wanted)
    raise names.unknown(wanted, catalogue.names())


def wishes(texts: Sequence[str]) -> Sequence[Wish]:
    """All of them. Raises ImageFault or SpecFaults, or a group of these with all that is wrong."""
    made: list[Wish] = []
    faults: list[Exception] = []
    for text in texts:
        try:
            made.append(wish(text))
        except (ImageFault, SpecFaults) as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ExceptionGroup("images", faults)
    return made


class Images:
    """The images of one cache."""

    def __init__(self, cache: Cache | None = None, architecture: str | None = None) -> None:
        self._cache = cache or Cache()
        self._architecture = architecture or own_architecture()

    def listed(self) -> Sequence[Listed]:
        """The catalogue, then what else is in the cache."""
        descriptions = [catalogue.description(name) for name in catalogue.names()]
        current = {str(key_of(one, self._architecture)): one for one in descriptions}
        of_catalogue = {one.name for one in descriptions}
        found = list(shelf.kept(self._cache))
        rows = [_listed(one, "outdated" if _outdated(one, current, of_catalogue) else "built") for one in found]
        built = {one.key for one in found}
        rows += [
            Listed(one.name, one.said.title, "not built", origin=one.said.origin)
            for key, one in current.items()
            if key not in built
        ]
        return sorted(rows, key=lambda row: (row.name not in of_catalogue, row.name, row.state))

    async def build(
        self, wishes: Sequence[Wish], report: Report, *, exact: bool = False, fresh: bool = False
    ) -> Sequence[Built]:
        """All of them, one after another. Raises ImageFault."""
        builder = Builder(self._cache, self._architecture)
        done: list[Built] = []
        for one in wishes:
            name = one.description.name
            kept = await builder.build(one.description, _about(report, name), fresh=fresh)
            choice = names.choose(one.description.said, kept.contents.tags, one.reference) if one.reference else None
            if exact and choice and choice.note:
                raise ImageFault(
                    choice.note, advice="Leave out --exact, or ask for a tag that is there.", bad_input=True
                )
            done.append(Built(one, kept, choice))
        return done

    async def push(
        self, built: Sequence[Built], where: AbstractAsyncContextManager[Registry], report: Report
    ) -> Sequence[Pushed]:
        """To the registry, each under the name of its public registry. Raises ImageFault."""
        done: list[Pushed] = []
        async with where as registry, opened(registry) as pusher:
            for one in built:
                name = one.kept.contents.name
                stands_for = one.choice.reference if one.choice and one.note else None
                repository = names.full_repository(name)
                done += await pusher.push(one.kept, repository, stands_for, _about(report, name))
        return done

    def remove(self, name: str) -> Sequence[Listed]:
        """All images of that name from the cache; what was pushed stays. Raises ImageFault where there is none."""
        repository = names.reference(name).repository
        gone = [one for one in shelf.kept(self._cache) if names.full_repository(one.contents.name) == repository]
        if not gone:
            raise ImageFault(
                f"no image {name} is in the cache", advice="`hardway images ls` shows those that are.", bad_input=True
            )
        for one in gone:
            self._cache.drop(one.key)
        return [_listed(one, "removed") for one in gone]


def _about(report: Report, name: str) -> Callable[[str], None]:
    return lambda line: report(name, line)


def _outdated(kept: Kept, current: dict[str, Description], of_catalogue: set[str]) -> bool:
    return kept.contents.name in of_catalogue and kept.key not in current


def _listed(kept: Kept, state: str) -> Listed:
    labels = kept.contents.labels
    return Listed(
        name=kept.contents.name,
        title=labels.get(TITLE_LABEL, ""),
        state=state,
        version=kept.contents.version,
        tags=kept.contents.tags,
        packages=tuple(labels.get(PACKAGES_LABEL, "").split()),
        origin=labels.get(ORIGIN_LABEL, ""),
        size=kept.size,
        digest=kept.contents.digest,
    )
