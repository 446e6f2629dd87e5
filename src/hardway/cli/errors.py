"""Turns everything that is known to go wrong into a message for a person, and an exit code. The one place that does.

Importing it is cheap: what it knows is imported when something has gone wrong.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hardway.compose.faults import ComposeFaults
    from hardway.engine.apply import ApplyFailed, Stopped
    from hardway.engine.handler import StepFailed
    from hardway.plan.steps import Step
    from hardway.spec.faults import SpecFaults

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
CHANGES: Final = 3

EVIDENCE_LINES: Final = 15
"""So many last lines of what a machine said are shown."""


@dataclass(frozen=True, slots=True)
class Message:
    """What went wrong, for a person."""

    what: str
    evidence: tuple[str, ...] = ()
    """The last lines of what a program or machine said, or single faults, a line each."""
    way_out: str = ""
    code: int = FAILED
    also: tuple[Message, ...] = ()
    """What went wrong besides."""


class Trouble(Exception):
    """A message that is ready to be shown."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.what)
        self.message = message


def bad_input(what: str, way_out: str = "") -> Trouble:
    """For what the user gave and must change."""
    return Trouble(Message(what, way_out=way_out, code=BAD_INPUT))


def explain(fault: BaseException) -> Message | None:
    """What to tell about a fault; None for one that nobody foresaw, which is a fault of hardway itself."""
    if isinstance(fault, Trouble):
        return fault.message
    if isinstance(fault, BaseExceptionGroup):
        return _explain_group(fault)
    for kind, explained in _known():
        if isinstance(fault, kind):
            return explained(fault)
    return _of_the_system(fault) if isinstance(fault, OSError) else None


def _explain_group(group: BaseExceptionGroup[BaseException]) -> Message | None:
    """All of them, or None where one is unforeseen."""
    messages = [explain(one) for one in group.exceptions]
    known = [one for one in messages if one is not None]
    if len(known) < len(messages):
        return None
    first, *others = dict.fromkeys(known)
    return Message(first.what, first.evidence, first.way_out, first.code, (*first.also, *others))


Explained = Callable[[Any], Message]


def _known() -> Iterator[tuple[type[BaseException], Explained]]:
    """Each kind of fault with what explains it; the more special ones first."""
    from hardway.cloud.check.faults import BadCloud, CloudUnreachable
    from hardway.compose.faults import ComposeFaults
    from hardway.compose.manifests import NotEmpty
    from hardway.engine.apply import ApplyFailed, Stopped
    from hardway.engine.handler import StepFailed
    from hardway.engine.journal import JournalUnusable
    from hardway.fargate.faults import FargateFault
    from hardway.images.faults import ImageFault
    from hardway.lab.faults import LabFault
    from hardway.machines.lease import Leased
    from hardway.openstack.faults import CloudFault
    from hardway.operations.up import Declined, NotGone, Refused
    from hardway.plan.saved import PlanFileFault
    from hardway.sources.faults import SourceFault
    from hardway.spec.faults import SpecFaults
    from hardway.state.faults import StateFault
    from hardway.volumes.faults import VolumeFault
    from hardway.workstation.faults import WorkstationFault

    yield SpecFaults, _of_the_spec
    yield ComposeFaults, _of_compose
    yield NotEmpty, lambda fault: Message(f"{fault} is not empty", way_out="Name another folder.", code=BAD_INPUT)
    yield PlanFileFault, lambda fault: Message(f"the plan file cannot be used: {fault}", code=BAD_INPUT)
    yield BadCloud, lambda fault: Message(fault.what, way_out=fault.advice, code=BAD_INPUT)
    yield CloudUnreachable, _in_full
    yield Refused, lambda fault: Message(*_first_and_rest(fault.reasons), code=BAD_INPUT)
    yield NotGone, lambda fault: Message(f"something is still there: {fault}", way_out="Give the same command again.")
    yield Declined, lambda fault: Message(f"you said no: {fault}")
    yield ApplyFailed, lambda fault: of_apply(fault, {})
    yield Stopped, of_stopped
    yield StepFailed, lambda fault: of_step(fault, None)
    yield JournalUnusable, lambda fault: Message(f"the journal cannot be used: {fault}", way_out=NO_JOURNAL)
    yield ImageFault, lambda fault: replace(_in_full(fault), code=BAD_INPUT if fault.bad_input else FAILED)
    yield CloudFault, lambda fault: replace(_in_full(fault), code=BAD_INPUT if fault.bad_input else FAILED)
    yield VolumeFault, lambda fault: replace(_in_full(fault), code=BAD_INPUT if fault.bad_input else FAILED)
    for said_in_full in (FargateFault, LabFault, SourceFault, StateFault, Leased, WorkstationFault):
        yield said_in_full, _in_full
    yield from _of_machines()


def _of_machines() -> Iterator[tuple[type[BaseException], Explained]]:
    from hardway.kube.api import ApiError, ApiUnavailable
    from hardway.machines.inventory import ForeignMachine
    from hardway.machines.observation import StrangeAnswer
    from hardway.machines.transport import Unreachable

    yield Unreachable, _unreachable
    yield ForeignMachine, lambda fault: Message(str(fault))
    yield StrangeAnswer, lambda fault: Message(f"an answer that hardway does not understand: {fault}", way_out=STRANGE)
    yield ApiUnavailable, lambda fault: Message(f"the Kubernetes API does not answer: {fault}", way_out=NO_API)
    yield ApiError, lambda fault: Message(f"the Kubernetes API refused: {fault}", way_out=NO_API)


STRANGE: Final = "Is it a Linux machine with systemd and coreutils, and does its shell print nothing at login?"
NO_API: Final = "`hardway status` shows which components run; `hardway up` mends what is not as wanted."
NO_JOURNAL: Final = (
    "Make room where the disk is full; else move the file away: the world itself says where to go on, not the journal."
)
AGAIN: Final = "`hardway up` looks at the world again and goes on from there."


def _first_and_rest(reasons: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    first, *rest = reasons or ("refused",)
    return first, tuple(rest)


def _in_full(fault: Any) -> Message:
    """For faults that bring what, advice and perhaps evidence themselves."""
    return Message(fault.what, last_lines(getattr(fault, "evidence", "")), fault.advice)


def _of_the_spec(fault: SpecFaults) -> Message:
    count = len(fault.faults)
    what = "the spec cannot be used" if count == 1 else f"the spec cannot be used: {count} faults"
    return Message(what, tuple(str(one) for one in fault.faults), code=BAD_INPUT)


def _of_compose(fault: ComposeFaults) -> Message:
    count = len(fault.faults) + fault.more
    what = "the compose project cannot be used" + ("" if count == 1 else f": {count} faults")
    more = (f"and {fault.more} more",) if fault.more else ()
    return Message(what, (*map(str, fault.faults), *more), code=BAD_INPUT)


def _unreachable(fault: Any) -> Message:
    way_out = (
        f"Is it running, and is the way to it open? `hardway up` starts what is off; in a lab, so does "
        f"`hardway lab start {fault.machine}`."
    )
    return Message(f"{fault.machine} cannot be reached: {fault.why}", way_out=way_out)


def of_stopped(fault: Stopped, again: str = AGAIN) -> Message:
    """How far it came; `again` says how to go on."""
    return Message(f"stopped as you asked: what had begun was ended, {steps(fault.left)} not begun", way_out=again)


def steps(count: int) -> str:
    """1 step, 2 steps."""
    return f"{count} step" if count == 1 else f"{count} steps"


def of_apply(fault: ApplyFailed, begun: Mapping[str, Step], again: str = AGAIN) -> Message:
    """What failed, with the chapter and machine of each from the steps that were begun; `again` says how to go on."""
    failed = tuple(of_step(one, begun.get(one.step_id)) for one in fault.failures)
    left = f", {steps(fault.left)} not begun" if fault.left else ""
    what = f"{steps(len(failed))} failed{left}"
    return Message(what, way_out=f"Mend what is named above, then: {again}", also=failed)


def of_step(fault: StepFailed, step: Step | None) -> Message:
    """machine, chapter: what the step was: what went wrong."""
    if step is None:
        kind, _, rest = fault.step_id.partition(":")
        machine, _, name = rest.partition(":")
        what = f"{machine}: {kind} {name}: {fault.what}"
    else:
        what = f"{step.machine}, {step.chapter.value}: {step.resource.describe()}: {fault.what}"
    return Message(what, last_lines(fault.evidence), fault.advice)


def last_lines(text: str) -> tuple[str, ...]:
    """The last lines of some output."""
    return tuple(text.rstrip().splitlines()[-EVIDENCE_LINES:])


_OF_ERRNO: Final[Mapping[int, str]] = {
    errno.ENOSPC: "Free some space, then do it again.",
    errno.EDQUOT: "Your quota is used up. Free some space, then do it again.",
    errno.EACCES: "You may not: look at the owner and mode of the file, or run it as root.",
    errno.EPERM: "You may not: look at the owner and mode of the file, or run it as root.",
    errno.EROFS: "The file system is read-only.",
    errno.EMFILE: "Too many open files: raise the limit (`ulimit -n`).",
    errno.EADDRINUSE: "Another program listens there: stop it, or choose another port.",
    errno.ENOENT: "Is the name right?",
    errno.EEXIST: "Name another file, or move it away.",
    errno.ENOTDIR: "A file is where a folder should be: is the name right?",
    errno.EISDIR: "A folder is where a file should be: is the name right?",
    errno.ENOTEMPTY: "Something is still in that folder: name another one, or move it away.",
    errno.EIO: "The disk did not do it: the kernel's log (`dmesg`) says more.",
    errno.ENOMEM: "Not enough memory: end other programs, then do it again.",
    errno.EPIPE: "What it was written to has ended.",
}
_ANY_ERRNO: Final = "That is what this computer's system answered: mend the cause, then do it again."


def _of_the_system(fault: OSError) -> Message | None:
    """What the system refused is no fault of hardway's; one without a number (a TimeoutError of asyncio's) may be."""
    if fault.errno is None:
        return None
    reason = (fault.strerror or str(fault)).lower()
    where = f"{fault.filename}: " if fault.filename else ""
    return Message(f"{where}{reason}", way_out=_OF_ERRNO.get(fault.errno, _ANY_ERRNO))


def lines(message: Message, prefix: str = "hardway: ") -> Iterator[tuple[str, str]]:
    """The message as lines with a style each: the causes first, the whole last.

    Causes with the same evidence and way out are told together: ten machines may fail for one reason.
    """
    alike: dict[tuple[tuple[str, ...], str], list[Message]] = {}
    for other in message.also:
        alike.setdefault((other.evidence, other.way_out), []).append(other)
    for (evidence, way_out), others in alike.items():
        yield from _told([other.what for other in others], evidence, way_out, prefix)
    yield from _told([message.what], message.evidence, message.way_out, prefix)


def _told(whats: Sequence[str], evidence: Sequence[str], way_out: str, prefix: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{prefix}{what}", "bold red") for what in whats)
    yield from ((f"    {line}", "") for line in evidence)
    if way_out:
        yield f"  way out: {way_out}", "yellow"


def message_json(message: Message) -> dict[str, Any]:
    """The message as JSON values."""
    return {
        "what": message.what,
        "evidence": list(message.evidence),
        "wayOut": message.way_out,
        "also": [message_json(one) for one in message.also],
    }
