"""`hardway status`, `verify` and `journal`: how the cluster is, whether it works, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hardway.cli.errors import DONE, FAILED, bad_input
from hardway.cli.options import SPEC, Format, Output, SpecFile
from hardway.cli.session import Session

if TYPE_CHECKING:
    from hardway.operations.verify import CheckResult


def status(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Show machines, components, versions and expiry at a glance."""
    session = Session.of(context, file, output)
    session.perform(_status(session))


async def _status(session: Session) -> int:
    from hardway.cli.json_values import json_value

    async with session.world("status") as world:
        found = await session.doors.operations.status(world)
    if session.as_json:
        session.screen.json(json_value(found))
        return DONE
    from hardway.cli.tables import status_tables

    session.screen.show(*status_tables(found))
    return DONE


def verify(context: typer.Context, file: SpecFile = SPEC, output: Output = Format.TABLE) -> None:
    """Prove that the cluster works, check by check. Exit code 1 with the evidence where one does not hold."""
    session = Session.of(context, file, output)
    session.perform(_verify(session))


async def _verify(session: Session) -> int:
    def on_result(result: CheckResult) -> None:
        from hardway.cli.tables import check_line

        session.screen.err.print(check_line(result), soft_wrap=True)

    async with session.world("verify") as world:
        results = await session.doors.operations.verify(world, on_result)
    _show_checks(session, results)
    return DONE if _all_passed(results) else FAILED


def _all_passed(results: Sequence[CheckResult]) -> bool:
    return all(result.state.value == "passed" for result in results)


def _show_checks(session: Session, results: Sequence[CheckResult]) -> None:
    if session.as_json:
        session.screen.json({"passed": _all_passed(results), "checks": [dict(result.json()) for result in results]})
        return
    from hardway.cli.tables import checks_table, checks_total

    session.screen.show(checks_table(results), checks_total(results))


RunNumber = Annotated[int | None, typer.Argument(metavar="RUN", help="Show the steps of this run.")]


def journal(
    context: typer.Context, run: RunNumber = None, file: SpecFile = SPEC, output: Output = Format.TABLE
) -> None:
    """Show every run, and what was cut off; or the steps of one run."""
    session = Session.of(context, file, output)
    session.perform(_journal(session, run))


async def _journal(session: Session, number: int | None) -> int:
    from hardway.cli.journal_tables import history_json, runs_tables, steps_table

    async with session.world("journal") as world:
        history = session.doors.operations.history(world)
    chosen = tuple(pair for pair in history if number in (None, pair[0].id))
    if number is not None and not chosen:
        raise bad_input(f"the journal has no run {number}", "`hardway journal` lists them.")
    if session.as_json:
        session.screen.json(history_json(chosen))
    elif number is not None:
        session.screen.show(steps_table(chosen[0][1]))
    else:
        session.screen.show(*runs_tables(history))
    return DONE
