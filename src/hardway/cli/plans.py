"""A plan for people: by chapter and machine, each step with its sign and reason, and a count. Values in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.text import Text

from hardway.cli.screen import clean
from hardway.cli.watchers import SIGNS
from hardway.plan.steps import Action, Difference, Plan, Step
from hardway.resources.base import OPERATOR, Unknown

if TYPE_CHECKING:
    from hardway.operations.look import Picture

STYLES: Final[Mapping[Action, str]] = {Action.CREATE: "green", Action.CHANGE: "yellow", Action.REMOVE: "red"}
_SAID_BY_SIGN: Final = frozenset({"it is not there", "it is no longer wanted"})
SHORT: Final = 12
"""So much of a digest is shown."""


def plan_lines(plan: Plan, diffs: Mapping[str, Sequence[str]] | None = None) -> Iterator[Text]:
    """The steps in the plan's own order; `diffs` has lines to show below a step, by its id."""
    for chapter, steps in groupby(plan.steps, key=lambda step: step.chapter):
        yield Text(chapter.value, "bold")
        for machine, of_machine in groupby(steps, key=lambda step: step.machine):
            yield Text(f"  {'this computer' if machine == OPERATOR else clean(machine)}", "cyan")
            for step in of_machine:
                yield step_line(step)
                yield from _diff(diffs.get(step.id, ()) if diffs else ())
    yield Text(totals(plan), "bold")


def step_line(step: Step) -> Text:
    """The sign, what it is, and why."""
    line = Text(f"    {SIGNS[step.action]} ", STYLES[step.action])
    line.append(clean(step.resource.describe()))
    why = clean(_why(step))
    return line.append(f"  ({why})", "dim") if why else line


def _why(step: Step) -> str:
    """For a change also what differs, where the reason does not say it; nothing where the sign says it all."""
    if step.action is not Action.CHANGE:
        return "" if step.reason in _SAID_BY_SIGN else step.reason
    missing = [_difference(one) for one in step.differences if one.attribute not in step.reason]
    return "; ".join((step.reason, *missing))


def _difference(difference: Difference) -> str:
    return f"{difference.attribute}: {_short(difference.before)} -> {_short(difference.after)}"


def _short(value: str | Unknown | None) -> str:
    """Digests shortened, lines joined."""
    if value is None:
        return "nothing"
    text = str(value) if isinstance(value, str) else repr(value)
    digest = text.removeprefix("sha256:")
    if len(digest) == 64 and all(character in "0123456789abcdef" for character in digest):
        return digest[:SHORT]
    return text.replace("\n", " ")


def totals(plan: Plan) -> str:
    """312 to create, 4 to change, 0 to remove."""
    if not plan:
        return "nothing to do"
    count = Counter(step.action for step in plan.steps)
    return ", ".join(f"{count[action]} to {action.value}" for action in Action)


def unseen_lines(picture: Picture) -> Iterator[str]:
    """What the plan cannot know yet."""
    for machine in sorted(picture.off):
        yield f"{machine} is off: what is on it is looked at once it runs, and may need more steps"
    if picture.silent:
        yield f"the API's objects could not be looked at ({picture.silent}): they are applied where they differ"


def _diff(lines: Sequence[str]) -> Iterator[Text]:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        yield Text(f"        {clean(line)}", styles.get(line[:1], "dim"))
