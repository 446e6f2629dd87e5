"""`hardway lab`: machines made on this computer, apart from what is laid on them; and `hardway binaries`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, FAILED, bad_input
from hardway.cli.options import SPEC, Format, Output, SpecFile, Yes
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cli.doors import CachedProgram, LabMachine, Need

Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="A machine of the spec.")]
Command = Annotated[list[str] | None, typer.Argument(metavar="-- CMD", help="What to run.")]


def up(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Make and start the machines of a spec, with nothing on them."""
    session = Session.of(context, file, output)
    session.perform(_up(session))


async def _up(session: Session) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        machines = await session.doors.lab.up(session.spec, report)
    return _show_machines(session, machines)


def _show_machines(session: Session, machines: Sequence[LabMachine]) -> int:
    from hardway.cli.json_values import json_value

    if session.as_json:
        session.screen.json(json_value(list(machines)))
        return DONE
    from hardway.cli.tables import lab_table

    session.screen.show(lab_table(machines))
    return DONE


def down(context: typer.Context, yes: Yes = False, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Take the machines away with all that is on them. The cluster's state stays: `hardway down` takes that too."""
    session = Session.of(context, file, output)
    session.perform(_down(session, yes))


async def _down(session: Session, yes: bool) -> int:
    from hardway.cli.reports import reporting

    if not yes and not _agreed(session):
        session.screen.tell("nothing was changed")
        return FAILED
    with reporting(session.screen.err) as report:
        await session.doors.lab.down(session.spec, report)
    return _done(session, "the lab is gone")


def _agreed(session: Session) -> bool:
    from hardway.cli.asking import agreed

    return agreed(session.screen, "Take the lab's machines away, with all that is on them? [y/N] ")


def _done(session: Session, what: str) -> int:
    if session.as_json:
        session.screen.json({"outcome": "done"})
    else:
        session.screen.tell(what)
    return DONE


def status(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Show the lab's machines."""
    session = Session.of(context, file, output)
    session.perform(_status(session))


async def _status(session: Session) -> int:
    return _show_machines(session, await session.doors.lab.status(session.spec))


def exec_(context: typer.Context, machine: Machine, command: Command = None, file: SpecFile = SPEC) -> None:
    """Run a command on a machine as root, with its own exit code."""
    session = Session.of(context, file)
    given = command or []
    given = given[1:] if given[:1] == ["--"] else given
    session.perform(_exec(session, machine, given))


async def _exec(session: Session, machine: str, command: Sequence[str]) -> int:
    if not command:
        raise bad_input("no command is given", f"`hardway lab exec {machine} -- uptime`, or `hardway lab shell`.")
    return await session.doors.lab.exec(session.spec, machine, command)


def shell(context: typer.Context, machine: Machine, file: SpecFile = SPEC) -> None:
    """Open a root shell on a machine."""
    session = Session.of(context, file)
    session.perform(_shell(session, machine))


async def _shell(session: Session, machine: str) -> int:
    return await session.doors.lab.shell(session.spec, machine)


def kill(context: typer.Context, machine: Machine, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Cut a machine's power: nothing on it is told, its disk stays."""
    session = Session.of(context, file, output)
    session.perform(_then(session, lambda: session.doors.lab.kill(session.spec, machine), f"{machine} is off"))


def start(context: typer.Context, machine: Machine, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Switch a machine on."""
    session = Session.of(context, file, output)
    session.perform(_then(session, lambda: session.doors.lab.start(session.spec, machine), f"{machine} runs"))


async def _then(session: Session, work: Callable[[], Awaitable[None]], what: str) -> int:
    await work()
    return _done(session, what)


Install = Annotated[bool, typer.Option("--install", help="Install what is missing.")]


def doctor(
    context: typer.Context, install: Install = False, file: SpecFile = SPEC, output: Output = Format.TABLE
) -> None:
    """Name what this computer lacks for a lab. Exit code 1 where something is missing. Reads no spec."""
    session = Session.of(context, file, output)
    session.perform(_doctor(session, install))


async def _doctor(session: Session, install: bool) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        needs = await session.doors.lab.doctor(install=install, report=report)
    _show_needs(session, needs)
    return DONE if all(need.met for need in needs) else FAILED


def _show_needs(session: Session, needs: Sequence[Need]) -> None:
    from hardway.cli.json_values import json_value

    if session.as_json:
        session.screen.json(json_value(list(needs)))
        return
    from hardway.cli.tables import needs_table

    session.screen.show(needs_table(needs))
    if not all(need.met for need in needs):
        session.screen.tell("`hardway lab doctor --install` brings what can be installed", "yellow")


def binaries(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Fetch or build all programs and images of a cluster into the cache. Without a spec: those of the default one."""
    session = Session.of(context, file, output)
    session.perform(_binaries(session))


async def _binaries(session: Session) -> int:
    from hardway.cli.reports import reporting

    # A spec that was named must be there; the default one may be missing.
    spec = None if session.spec == SPEC and not SPEC.exists() else session.spec
    with reporting(session.screen.err) as report:
        programs = await session.doors.programs(spec, report)
    return _show_programs(session, programs)


def _show_programs(session: Session, programs: Sequence[CachedProgram]) -> int:
    from hardway.cli.json_values import json_value

    if session.as_json:
        session.screen.json(json_value(list(programs)))
        return DONE
    from hardway.cli.tables import programs_table

    session.screen.show(programs_table(programs))
    return DONE
