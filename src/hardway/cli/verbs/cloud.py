"""`hardway cloud`: a real OpenStack on this computer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, FAILED
from hardway.cli.options import Format, Output, Yes
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cli.doors import CloudState

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which cloud.")]
Chassis = Annotated[
    int | None, typer.Option("--chassis", min=1, max=16, help="How many hypervisors a new cloud has; else three.")
]
KeepData = Annotated[bool, typer.Option("--keep-data", help="End it only: what it knows stays for the next `up`.")]
Admin = Annotated[bool, typer.Option("--admin", help="As the cloud's administrator.")]
Arguments = Annotated[list[str] | None, typer.Argument(metavar="-- ARGS", help="For the openstack command.")]
Service = Annotated[str, typer.Argument(metavar="SERVICE", help="As in `hardway cloud status`.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many last lines.")]
Follow = Annotated[bool, typer.Option("--follow", help="And what comes.")]
DEFAULT = "hardway"


def up(context: typer.Context, name: Name = DEFAULT, chassis: Chassis = None, output: Output = Format.TABLE) -> None:
    """Make a cloud, or bring back what does not run of it."""
    session = Session.of(context, output=output)
    session.perform(_up(session, name, chassis))


async def _up(session: Session, name: str, chassis: int | None) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        state = await session.doors.cloud.up(name, chassis, report)
    return _show(session, state)


def status(context: typer.Context, name: Name = DEFAULT, output: Output = Format.TABLE) -> None:
    """Show a cloud's services, chassis, versions and endpoints. Exit code 1 where something does not run."""
    session = Session.of(context, output=output)
    session.perform(_status(session, name))


async def _status(session: Session, name: str) -> int:
    return _show(session, await session.doors.cloud.status(name))


def _show(session: Session, state: CloudState) -> int:
    from hardway.cli.json_values import json_value

    if session.as_json:
        session.screen.json(json_value(state))
    else:
        from hardway.cli.tables import cloud_table

        session.screen.show(cloud_table(state))
    return DONE if state.state == "up" else FAILED


def down(
    context: typer.Context,
    name: Name = DEFAULT,
    keep_data: KeepData = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Take a cloud away with all that is in it: servers, networks, images, files."""
    session = Session.of(context, output=output)
    session.perform(_down(session, name, keep_data, yes))


async def _down(session: Session, name: str, keep_data: bool, yes: bool) -> int:
    if not yes and not _agreed(session, name, keep_data):
        session.screen.tell("nothing was changed")
        return FAILED
    await session.doors.cloud.down(name, keep_data)
    if session.as_json:
        session.screen.json({"outcome": "done"})
    else:
        session.screen.tell(f"cloud {name} is {'off' if keep_data else 'gone'}")
    return DONE


def _agreed(session: Session, name: str, keep_data: bool) -> bool:
    from hardway.cli.asking import agreed

    what = "End all of its processes" if keep_data else "Take it away, with all that is in it"
    return agreed(session.screen, f"Cloud {name}: {what}? [y/N] ")


def openrc(context: typer.Context, name: Name = DEFAULT) -> None:
    """Print the variables by which openstacksdk, the openstack command and hardway find the cloud, for a shell."""
    session = Session.of(context)
    session.perform_now(lambda: _openrc(session, name))


def _openrc(session: Session, name: str) -> int:
    for key, value in session.doors.cloud.environment(name).items():
        typer.echo(f"export {key}={shlex.quote(value)}")
    return DONE


def openstack(context: typer.Context, arguments: Arguments = None, name: Name = DEFAULT, admin: Admin = False) -> None:
    """Run the stock openstack command on the cloud, with its own exit code."""
    session = Session.of(context)
    given = arguments or []
    given = given[1:] if given[:1] == ["--"] else given
    session.perform_now(lambda: session.doors.execute(session.doors.cloud.openstack_command(name, given, admin)))


def logs(
    context: typer.Context, service: Service, name: Name = DEFAULT, lines: Lines = 100, follow: Follow = False
) -> None:
    """Show the last lines of a service's log."""
    session = Session.of(context)
    session.perform_now(lambda: session.doors.execute(session.doors.cloud.log_command(name, service, lines, follow)))
