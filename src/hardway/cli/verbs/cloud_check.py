"""`hardway cloud check`: which of the article's twelve services a cloud has, whether they work, and what is amiss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, FAILED
from hardway.cli.options import SPEC, Format, Output
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.cloud.check.report import CloudReport

CloudName = Annotated[
    str | None,
    typer.Option("--cloud", metavar="NAME", help="A cloud of clouds.yaml. Without it: OS_CLOUD, or OS_* variables."),
]
NeutronConf = Annotated[
    Path | None,
    typer.Option("--neutron-conf", metavar="FILE", help="The cloud's neutron.conf: it tells what no API does."),
]
Horizon = Annotated[
    str,
    typer.Option("--horizon", metavar="URL", help="Where the dashboard is. Without it: looked for beside Keystone."),
]
SkipProofs = Annotated[bool, typer.Option("--skip-proofs", help="Only read: make nothing in the cloud.")]


def check(
    context: typer.Context,
    cloud: CloudName = None,
    neutron_conf: NeutronConf = None,
    horizon: Horizon = "",
    skip_proofs: SkipProofs = False,
    output: Output = Format.TABLE,
) -> None:
    """Check any OpenStack: which services it has, a small proof of each, and what is amiss. Reads no spec.

    Exit code 1 where a proof failed, 2 where the cloud's name or credential cannot be used.
    """
    session = Session.of(context, SPEC, output)
    session.perform_now(lambda: _check(session, cloud, neutron_conf, horizon, not skip_proofs))


def _check(session: Session, cloud: str | None, neutron_conf: Path | None, horizon: str, proofs: bool) -> int:
    from hardway.cli.reports import reporting

    with reporting(session.screen.err) as report:
        found = session.doors.check_cloud(
            cloud, neutron_conf=neutron_conf, horizon=horizon, proofs=proofs, report=report
        )
    _show(session, found)
    return DONE if found.passed else FAILED


def _show(session: Session, found: CloudReport) -> None:
    if session.as_json:
        from hardway.cli.json_values import json_value

        session.screen.json({"passed": found.passed, **json_value(found)})
        return
    from hardway.cli.cloud_check_tables import check_tables

    session.screen.show(*check_tables(found))
