"""`hardway fargate`: a node over AWS Fargate, and a Fargate on this computer to try it with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, FAILED, bad_input
from hardway.cli.options import Format, Output, Yes
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cli.doors import LocalFargate

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="fargate.toml or YAML; else $PROVIDER_CONFIG, ./fargate.toml."),
]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", metavar="FILE", help="As whom; else $KUBECONFIG, ~/.kube/config.")
]
Sysconfig = Annotated[
    Path | None,
    typer.Option("--sysconfig", metavar="FILE", help="A unit's variables, such as /etc/sysconfig/virtual-kubelet."),
]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which local Fargate.")]
Images = Annotated[
    list[Path] | None, typer.Option("--images", metavar="PATH", help="OCI archives, or a folder of them (*.tar).")
]
Lab = Annotated[str, typer.Option("--lab", metavar="LAB", help="Join its network to that of a lab.")]
DEFAULT = "fargate"


def run(
    context: typer.Context, config: Config = None, kubeconfig: Kubeconfig = None, sysconfig: Sysconfig = None
) -> None:
    """Keep a node whose pods run on AWS Fargate, until it is ended. Tasks go on meanwhile, and are found again."""
    session = Session.of(context)
    session.perform(_run(session, config, kubeconfig, sysconfig))


async def _run(session: Session, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> int:
    await session.doors.fargate.run(config, kubeconfig, sysconfig)
    return DONE


def doctor(
    context: typer.Context,
    config: Config = None,
    kubeconfig: Kubeconfig = None,
    sysconfig: Sysconfig = None,
    output: Output = Format.TABLE,
) -> None:
    """Check all that the agent needs, each with what mends it. Exit code 1 where something is missing."""
    session = Session.of(context, output=output)
    session.perform(_doctor(session, config, kubeconfig, sysconfig))


async def _doctor(session: Session, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> int:
    from hardway.cli.json_values import json_value

    needs = await session.doors.fargate.doctor(config, kubeconfig, sysconfig)
    if session.as_json:
        session.screen.json(json_value(list(needs)))
    else:
        from hardway.cli.tables import needs_table

        session.screen.show(needs_table(needs))
    return DONE if all(need.met for need in needs) else FAILED


def ps(
    context: typer.Context,
    config: Config = None,
    kubeconfig: Kubeconfig = None,
    sysconfig: Sysconfig = None,
    output: Output = Format.TABLE,
) -> None:
    """Show pods and tasks side by side, with an estimate of what they cost."""
    session = Session.of(context, output=output)
    session.perform(_ps(session, config, kubeconfig, sysconfig))


async def _ps(session: Session, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> int:
    from hardway.cli.json_values import json_value

    found = await session.doors.fargate.ps(config, kubeconfig, sysconfig)
    if session.as_json:
        session.screen.json(json_value(list(found)))
        return DONE
    from hardway.cli.fargate_tables import pods_table

    session.screen.show(pods_table(found))
    return DONE


def local_up(
    context: typer.Context, name: Name = DEFAULT, images: Images = None, lab: Lab = "", output: Output = Format.TABLE
) -> None:
    """Make a Fargate on this computer, or bring it back. Needs root; containers are run by runc."""
    session = Session.of(context, output=output)
    session.perform(_local_up(session, name, images or [], lab))


async def _local_up(session: Session, name: str, images: list[Path], lab: str) -> int:
    from hardway.cli.reports import reporting

    gone = [path for path in images if not path.exists()]
    if gone:
        raise bad_input(f"there is no {', '.join(map(str, gone))}", "name OCI archives, or a folder of them")
    with reporting(session.screen.err) as report:
        state = await session.doors.fargate.local_up(name, images, lab, report)
    return _show(session, state)


def local_status(context: typer.Context, name: Name = DEFAULT, output: Output = Format.TABLE) -> None:
    """Show a local Fargate and its tasks. Exit code 1 where it does not run."""
    session = Session.of(context, output=output)
    session.perform(_local_status(session, name))


async def _local_status(session: Session, name: str) -> int:
    return _show(session, await session.doors.fargate.local_status(name))


def _show(session: Session, state: LocalFargate) -> int:
    from hardway.cli.json_values import json_value

    if session.as_json:
        session.screen.json(json_value(state))
    else:
        from hardway.cli.fargate_tables import local_table

        session.screen.show(local_table(state))
    return DONE if state.state == "up" else FAILED


def local_config(context: typer.Context, name: Name = DEFAULT) -> None:
    """Print a fargate.toml with which the agent uses the local Fargate."""
    session = Session.of(context)
    session.perform_now(lambda: _local_config(session, name))


def _local_config(session: Session, name: str) -> int:
    session.screen.write(session.doors.fargate.local_config(name))
    return DONE


def local_down(context: typer.Context, name: Name = DEFAULT, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Take a local Fargate away, with all of its tasks."""
    session = Session.of(context, output=output)
    session.perform(_local_down(session, name, yes))


async def _local_down(session: Session, name: str, yes: bool) -> int:
    if not yes and not _agreed(session, name):
        session.screen.tell("nothing was changed")
        return FAILED
    await session.doors.fargate.local_down(name)
    if session.as_json:
        session.screen.json({"outcome": "done"})
    else:
        session.screen.tell(f"the local Fargate {name} is gone")
    return DONE


def _agreed(session: Session, name: str) -> bool:
    from hardway.cli.asking import agreed

    return agreed(session.screen, f"Local Fargate {name}: take it away, with all of its tasks? [y/N] ")
