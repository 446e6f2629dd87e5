"""A cluster's state in a directory of its own, driven by the real plan, the real application and the real journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hardway.engine.apply import Apply, handlers_by_kind
from hardway.engine.journal import Journal, Run
from hardway.pki.wanted import wanted_pki
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Ref, Resource
from hardway.spec.load import parse
from hardway.spec.model import Cluster
from hardway.state import store
from hardway.state.directory import StateDirectory, open_state
from hardway.state.store import Entry
from hardway.state.vault import Vault
from tests.simulated_world import Nobody

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = """\
name: c
machines:
  masters: [{name: m, address: 10.0.0.10}]
  workers: [{name: w, address: 10.0.0.20}]
  balancers: [{name: l, address: 10.0.0.30}]
"""


def small() -> Cluster:
    return parse(SMALL)


class PowerCut(BaseException):
    """The process is gone: nothing after this runs."""


@dataclass
class CutOff:
    """A run's record that the power goes before: `after` steps are recorded as finished."""

    run: Run
    after: int

    def started(self, steps: Sequence[Step]) -> None:
        self.run.started(steps)

    def finished(self, step: Step) -> None:
        if self.after == 0:
            raise PowerCut
        self.after -= 1
        self.run.finished(step)

    def failed(self, step_id: str, what: str, output: str) -> None:
        self.run.failed(step_id, what, output)


@dataclass
class Operator:
    """The operator's side of one cluster. Each use of it is a process of its own, as far as the state can tell."""

    spec: Path
    now: datetime = NOW
    wanted: Sequence[Resource] = field(default_factory=lambda: wanted_pki(small()))

    @property
    def state(self) -> StateDirectory:
        return open_state(self.spec, "c")

    def vault(self) -> Vault:
        return Vault(self.state, lambda: self.now)

    async def plan(self, vault: Vault | None = None) -> Plan:
        vault = vault or self.vault()
        seen = await vault.observe(self.wanted)
        owned = [vault.owned(one) for one in seen.values() if one.owned]
        return make_plan(self.wanted, seen, vault.value, owned)

    async def reasons(self) -> Mapping[str, str]:
        """What is planned and why, by kind and name."""
        return {f"{step.resource.kind} {step.resource.name}": step.reason for step in (await self.plan()).steps}

    async def up(self, cut_off_after: int | None = None) -> Plan:
        vault = self.vault()
        plan = await self.plan(vault)
        journal = Journal(self.state.journal)
        try:
            run = journal.begin("up", "0", plan)
            record = run if cut_off_after is None else CutOff(run, cut_off_after)
            await Apply(plan, handlers_by_kind([vault]), resolve_with(vault), record, Nobody()).run()
            run.end("done")
        finally:
            journal.close()
        return plan

    def entries(self) -> Mapping[Entry, bytes]:
        return store.load(self.state.vault)

    def lose(self, *entries: Entry) -> None:
        store.change(self.state.vault, {}, entries)

    def swap(self, put: Mapping[Entry, bytes]) -> None:
        store.change(self.state.vault, put)


def resolve_with(vault: Vault) -> Callable[[Ref], bytes]:
    def resolve(ref: Ref) -> bytes:
        value = vault.value(ref)
        if value is None:
            raise KeyError(ref.resource)
        return value

    return resolve
