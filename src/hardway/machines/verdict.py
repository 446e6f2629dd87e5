"""What a script answered, as an error for a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from hardway.engine.handler import StepFailed
from hardway.machines.inventory import ForeignMachine
from hardway.machines.scripts import BUSY, FOREIGN
from hardway.machines.transport import Result
from hardway.plan.steps import Step

ENDED: Final = re.compile(r"^hw (\d+) (\d+)$", re.MULTILINE)
"""The line with which a step's part of a script ends: its number in the batch and its exit code."""

_FOREIGN: Final = re.compile(r"^hw foreign (.*)$", re.MULTILINE)

_COMMAND: Final = re.compile(r"^hw command (.*)\n?", re.MULTILINE)
"""The line that a script leaves behind for a command that failed; the last one is what the step failed of."""

AGAIN: Final = "mend that, then run `hardway up` again: it goes on from here"


def check(steps: Sequence[Step], result: Result, cluster: str, mask: Callable[[str], str]) -> None:
    """Raises StepFailed for the step that the script stopped at; nothing where it did all."""
    if result.exit_code == 0:
        return
    said = result.stdout.decode(errors="replace")
    first, machine = steps[0], steps[0].machine
    if result.exit_code == FOREIGN and (foreign := _FOREIGN.search(said)):
        raise StepFailed(first.id, str(ForeignMachine(machine, foreign[1], cluster)))
    if result.exit_code == BUSY:
        what = f"{machine}: what an earlier run began there is still at work"
        raise StepFailed(first.id, what, advice="wait a minute, then run `hardway up` again")
    step, code = _stopped_at(steps, said, result.exit_code)
    output = mask(result.stderr.decode(errors="replace"))
    evidence = _COMMAND.sub("", output).strip()
    last = f": {evidence.splitlines()[-1]}" if evidence else ""
    commands = _COMMAND.findall(output)
    how = f": `{commands[-1]}` ended" if commands else " ended"
    what = f"{machine}: {step.action} {step.resource.describe()}{how} with exit code {code}{last}"
    raise StepFailed(step.id, what, evidence, AGAIN)


def _stopped_at(steps: Sequence[Step], said: str, code: int) -> tuple[Step, int]:
    """The step whose part failed, or the first that was not reached."""
    ended = ENDED.findall(said)
    for number, rc in ended:
        if rc != "0":
            return steps[int(number)], int(rc)
    return steps[min(len(ended), len(steps) - 1)], code
