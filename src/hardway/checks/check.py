"""What a check is, what it finds, and how findings about many machines become one. No I/O of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from hardway.resources.base import Chapter

if TYPE_CHECKING:
    from hardway.checks.scene import Scene
    from hardway.spec.model import Cluster

WITHIN: Final = 30.0
"""Seconds that a check may take unless it says otherwise."""

PAUSE: Final = 0.2
"""Seconds between two questions of `until_right`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    passed: bool
    evidence: str
    """What was seen; of a check that failed, every fault with the machine it is on."""


class Wrong(Exception):
    """Something is not as it must be; says what was seen."""


@dataclass(frozen=True, slots=True)
class Check:
    """One proof."""

    name: str
    proves: str
    """What is certain once it passed, in one sentence."""
    chapter: Chapter
    run: Callable[[Scene], Awaitable[Finding]]
    after: tuple[str, ...] = ()
    """Names of the checks without which this one proves nothing: it is not tried unless they passed."""
    within: float = WITHIN
    """Seconds."""
    concerns: Callable[[Cluster], bool] = lambda cluster: True
    """Whether a cluster has what it proves; it is left out where not."""


def check(
    name: str,
    proves: str,
    chapter: Chapter,
    *,
    after: tuple[str, ...] = (),
    within: float = WITHIN,
    concerns: Callable[[Cluster], bool] = lambda cluster: True,
) -> Callable[[Callable[[Scene], Awaitable[Finding]]], Check]:
    """Makes a check of the function that carries it out."""

    def made(run: Callable[[Scene], Awaitable[Finding]]) -> Check:
        return Check(name, proves, chapter, run, after, within, concerns)

    return made


def judged(troubles: Sequence[str], evidence: str) -> Finding:
    """Passed with this evidence unless there are troubles, which are then the evidence."""
    return Finding(False, "; ".join(troubles)) if troubles else Finding(True, evidence)


async def troubles(targets: Mapping[str, Awaitable[object]]) -> list[str]:
    """Await all at once; each that raises is a trouble, told with its name."""
    results = await asyncio.gather(*targets.values(), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    pairs = zip(targets, results, strict=True)
    return [f"{name}: {said(result)}" for name, result in pairs if isinstance(result, Exception)]


async def until_right(question: Callable[[], Awaitable[T]], within: float) -> T:
    """Ask until the answer is right, for what the cluster hears of by and by and cannot be watched from outside: an
    API server of a webhook, a kube-proxy of a service. `within` is in seconds. Raises Wrong with the last answer."""
    last = "nothing was answered"
    limit = asyncio.timeout(within)
    try:
        async with limit:
            while True:
                try:
                    return await question()
                except TimeoutError:
                    raise
                except Exception as error:
                    last = said(error)
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        if not limit.expired():
            raise
        raise Wrong(f"{last} (for {within:.0f} s)") from None


def said(error: BaseException) -> str:
    """An exception in one line: its text, with its kind where that says more."""
    text = " ".join(str(error).split())
    if isinstance(error, Wrong) and text:
        return text
    if isinstance(error, TimeoutError):
        return text or "no answer in time"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def expect(what: str, seen: object, wanted: object) -> None:
    """Raises Wrong where what was seen is not what is wanted."""
    if seen != wanted:
        raise Wrong(f"{what} is {_short(seen)}, not {_short(wanted)}")


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def count(number: int, what: str) -> str:
    """ "1 worker", "3 workers"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
