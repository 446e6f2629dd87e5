"""Status, verification, the journal and the lab as tables: values in, what rich can draw out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hardway.cli.errors import steps as counted
from hardway.cli.screen import clean, said

if TYPE_CHECKING:
    from hardway.cli.doors import CachedProgram, CloudState, LabMachine, Need
    from hardway.operations.status import CertificateStatus, MachineStatus, Status
    from hardway.operations.verify import CheckResult
    from hardway.workstation.show import Opens, Shown, Thing

GOOD, BAD, DIM = "green", "red", "dim"
SOON: Final = 30
"""Days: a certificate with fewer left is coloured."""
NEAREST: Final = 5
"""So many certificates are shown; the JSON has all."""


def table(title: str, *columns: str, rows: Iterator[tuple[str | Text, ...]]) -> Table:
    """A table without lines; nothing in it is read as markup, nothing of it drives the terminal."""
    made = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for column in columns:
        made.add_column(column, header_style="dim", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else said(cell) for cell in row))
    return made


# status


def status_tables(status: Status) -> Iterator[RenderableType]:
    """Machines, nodes and add-ons, the certificates that end first, and whether all is as wanted."""
    where = status.api_url or "not reached from this computer"
    yield said(f"{status.cluster}: Kubernetes {status.kubernetes}, API {where}", "bold")
    yield Text()
    columns = ("machine", "role", "address", "state", "system", "components")
    yield table("", *columns, rows=(_machine_row(machine) for machine in status.machines))
    if status.conditions:
        yield Text()
        yield conditions_table(status.conditions)
    if status.certificates:
        yield Text()
        nearest = status.certificates[:NEAREST]
        rows = (_certificate_row(one) for one in nearest)
        yield table("", f"of {len(status.certificates)} certificates these end first", "on", "days left", rows=rows)
    yield Text()
    yield _as_wanted(status.steps)


def _machine_row(machine: MachineStatus) -> tuple[str | Text, ...]:
    state = Text(machine.state, GOOD if machine.state == "running" else BAD)
    return (machine.name, machine.role, machine.address, state, machine.system, _components(machine))


def _components(machine: MachineStatus) -> Text:
    """Each unit by its short name: plain where it is as wanted, else with what is wrong."""
    return Text(" ").join(
        _unit(unit.unit, unit.active, unit.as_wanted) for unit in machine.units if machine.state == "running"
    )


def _unit(name: str, active: bool, as_wanted: bool) -> Text:
    short = clean(name.removesuffix(".service"))
    if not active:
        return Text(f"{short}(off)", BAD)
    return Text(short, GOOD) if as_wanted else Text(f"{short}(not as wanted)", "yellow")


def conditions_table(conditions: Mapping[str, str]) -> Table:
    """What the cluster says of its nodes and add-ons."""
    rows = ((name, Text(clean(holds), GOOD if holds == "yes" else BAD)) for name, holds in conditions.items())
    return table("", "in the cluster", "holds", rows=rows)


def _certificate_row(one: CertificateStatus) -> tuple[str | Text, ...]:
    style = BAD if one.days_left < 0 else "yellow" if one.days_left < SOON else ""
    return (one.name, f"{one.expires:%Y-%m-%d}", Text(str(one.days_left), style))


def _as_wanted(steps: int) -> Text:
    if steps == 0:
        return Text("everything is as the spec says", GOOD)
    return Text(f"{counted(steps)} away from what the spec says: `hardway plan` shows them", "yellow")


# verify

_STATES: Final = {"passed": GOOD, "failed": BAD, "not tried": "yellow"}


def check_line(result: CheckResult) -> Text:
    """A check the moment it has ended."""
    line = Text(f"{result.state.value:<9}", _STATES[result.state.value])
    return line.append(f"  {clean(result.name)}", "").append(f"  ({result.seconds:.1f} s)", DIM)


def checks_table(results: Sequence[CheckResult]) -> Table:
    """Every check: its chapter, what it proves, and of those that did not pass the evidence."""
    rows = (_check_row(result) for result in results)
    return table("", "chapter", "check", "result", "what it proves; evidence", "time", rows=rows)


def _check_row(result: CheckResult) -> tuple[str | Text, ...]:
    state = Text(result.state.value, _STATES[result.state.value])
    told = said(result.proves)
    if result.state.value != "passed":
        told = told + Text("\n") + said(result.evidence, _STATES[result.state.value])
    return (result.chapter.value, result.name, state, told, f"{result.seconds:.1f} s")


def checks_total(results: Sequence[CheckResult]) -> Text:
    """30 checks passed. Or: 2 of 30 checks failed, 3 were not tried."""
    failed = sum(1 for result in results if result.state.value == "failed")
    untried = sum(1 for result in results if result.state.value == "not tried")
    if not failed and not untried:
        return Text(f"the cluster works: {len(results)} checks passed", GOOD)
    not_tried = f", {untried} not tried" if untried else ""
    return Text(f"{failed} of {len(results)} checks failed{not_tried}", BAD)


# lab, programs


def cloud_table(state: CloudState) -> Table:
    """A cloud's parts."""
    rows = (
        (part.name, _cloud_state(part.state), part.version, part.endpoint, str(part.restarts or ""))
        for part in state.parts
    )
    title = f"cloud {state.name}: {state.state}"
    return table(title, "part", "state", "version", "endpoint", "restarts", rows=rows)


def _cloud_state(state: str) -> Text:
    return said(state, GOOD if state in ("ready", "done", "running") else BAD)


def lab_table(machines: Sequence[LabMachine]) -> Table:
    """The lab's machines."""
    rows = ((m.name, m.address, Text(clean(m.state), GOOD if m.state == "running" else "yellow")) for m in machines)
    return table("", "machine", "address", "state", rows=rows)


def needs_table(needs: Sequence[Need]) -> Table:
    """What the lab needs of this computer, with what to do where it is missing."""
    return table("", "needed", "", "why", "what to do", rows=(_need_row(need) for need in needs))


def _need_row(need: Need) -> tuple[str | Text, ...]:
    met = Text("there", GOOD) if need.met else Text("missing", BAD)
    return (need.what, met, need.why, "" if need.met else need.remedy)


def workstation_tables(shown: Shown) -> Iterator[RenderableType]:
    """What is there, and what opens files."""
    if shown.things:
        yield table("", "kind", "name", "state", "made by hardway", rows=(_thing_row(one) for one in shown.things))
    if shown.things and shown.handlers:
        yield Text()
    if shown.handlers:
        yield table("", "type", "opens with", "the spec says", rows=(_opens_row(one) for one in shown.handlers))
    if not shown.things and not shown.handlers:
        yield said("nothing was made here by hardway, and no type was asked for")


def _thing_row(thing: Thing) -> tuple[str | Text, ...]:
    state = said(thing.state, GOOD if thing.state == "as wanted" else "yellow")
    return (thing.kind, thing.name, state, "yes" if thing.ours else "no")


def _opens_row(opens: Opens) -> tuple[str | Text, ...]:
    as_wanted = not opens.wanted or opens.wanted == opens.handler
    return (opens.type, said(opens.handler or "nothing", "" if as_wanted else "yellow"), opens.wanted)


def programs_table(programs: Sequence[CachedProgram]) -> Table:
    """What is in the cache."""
    rows = ((p.name, p.version, f"{p.size / 1e6:.1f} MB", p.sha256[:12]) for p in programs)
    return table("", "program", "version", "size", "sha256", rows=rows)


def local(moment: str) -> str:
    """A time of the journal as this computer's clock shows it; the text itself where it is no time."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return moment
