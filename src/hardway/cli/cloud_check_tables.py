"""A check of a cloud as tables: the services with their proofs, then the findings. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.text import Text

from hardway.cli.screen import clean, said
from hardway.cli.tables import BAD, DIM, GOOD, table

if TYPE_CHECKING:
    from hardway.cloud.check.report import CloudReport, Finding, ProofResult, ServiceReport

_STYLES: Final = {
    "passed": GOOD,
    "failed": BAD,
    "not tried": "yellow",
    "fine": GOOD,
    "amiss": BAD,
    "not known": "yellow",
}


def check_tables(report: CloudReport) -> Iterator[RenderableType]:
    """The services, the findings, and the whole in one line."""
    where = f"{report.cloud}, region {report.region}" if report.region else report.cloud
    yield said(where, "bold")
    yield Text()
    columns = ("service", "like AWS's", "version", "proof", "result", "evidence", "time")
    yield table("", *columns, rows=(row for service in report.services for row in _service_rows(service)))
    yield Text()
    rows = (_finding_row(finding) for finding in report.findings)
    yield table("", "finding", "", "what was seen; what to do", rows=rows)
    yield Text()
    yield _total(report)


def _service_rows(service: ServiceReport) -> Iterator[tuple[str | Text, ...]]:
    """A row for each proof; the service is named in the first."""
    if not service.there:
        yield (service.name, service.counterpart, Text("not there", DIM), "", "", "", "")
        return
    for position, proof in enumerate(service.proofs):
        named = (service.name, service.counterpart, service.version) if position == 0 else ("", "", "")
        yield (*named, *_proof_cells(proof))


def _proof_cells(proof: ProofResult) -> tuple[str | Text, ...]:
    state = Text(proof.state.value, _STYLES[proof.state.value])
    time = f"{proof.seconds:.1f} s" if proof.seconds else ""
    return (proof.name, state, proof.evidence, time)


def _finding_row(finding: Finding) -> tuple[str | Text, ...]:
    told = said(finding.what)
    if finding.advice:
        told = told + Text("\n") + said(finding.advice, DIM)
    return (finding.about, Text(clean(finding.standing.value), _STYLES[finding.standing.value]), told)


def _total(report: CloudReport) -> Text:
    """7 of 12 services are there: 8 proofs passed, 1 failed, 2 not tried; 3 findings amiss."""
    there = sum(service.there for service in report.services)
    states = [proof.state.value for service in report.services for proof in service.proofs]
    amiss = sum(finding.standing.value == "amiss" for finding in report.findings)
    told = f"{there} of {len(report.services)} services are there; {_counts(states)}; {_findings(amiss)}"
    return Text(told, GOOD if report.passed else BAD)


def _counts(states: Sequence[str]) -> str:
    """3 proofs passed, 1 failed. Without those that there are none of."""
    counted = ((state, states.count(state)) for state in ("passed", "failed", "not tried"))
    told = ", ".join(f"{number} {state}" for state, number in counted if number)
    return f"proofs: {told}" if told else "no proofs"


def _findings(amiss: int) -> str:
    if not amiss:
        return "nothing amiss was found"
    return "1 finding amiss" if amiss == 1 else f"{amiss} findings amiss"
