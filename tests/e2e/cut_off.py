"""Runs hardway's own command line and kills the process, as SIGKILL does, at one point of the first step of some kind.

    python -m tests.e2e.cut_off KIND before|between|after ARGUMENTS...

before: the step is in the journal as started, and nothing was done yet. between: its effect is there, the journal does
not know. after: the journal knows, and nobody else does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from hardway.engine.journal import Run
from hardway.plan.steps import Step


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def install(kind: str, point: str) -> None:
    """Put the point into the journal's writing, which every step passes before and after."""
    started, finished = Run.started, Run.finished

    def on_started(run: Run, steps: Sequence[Step]) -> None:
        started(run, steps)
        if point == "before" and any(step.resource.kind == kind for step in steps):
            die()

    def on_finished(run: Run, step: Step) -> None:
        if point == "between" and step.resource.kind == kind:
            die()
        finished(run, step)
        if point == "after" and step.resource.kind == kind:
            die()

    setattr(Run, "started", on_started)  # noqa: B010  # a type checker would refuse the assignment
    setattr(Run, "finished", on_finished)  # noqa: B010


if __name__ == "__main__":
    install(sys.argv[1], sys.argv[2])
    sys.argv = ["hardway", *sys.argv[3:]]
    from hardway.app import main

    main()
