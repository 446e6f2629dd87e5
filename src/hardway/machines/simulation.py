"""The provider of machines that are not there, for tests and benches: all of them are as wanted. Touches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.engine.handler import Handler
from hardway.machines.provider import Endpoint
from hardway.plan.steps import Plan
from hardway.resources.base import Attributes, Chapter, Content, Known, Ref, Resource
from hardway.spec.model import Cluster

EXPECTED: Final = replace(DEFAULT_FACTS, nameservers=())
"""What simulated machines say of themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMachine(Resource):
    """A machine that runs."""

    kind: ClassVar[str] = "machine"
    removal: ClassVar[int] = 200
    chapter: Chapter = Chapter.MACHINES

    @property
    def name(self) -> str:
        return self.machine

    def attributes(self, known: Known) -> Attributes:
        return {"running": "yes"}


class Simulation:
    """The provider, with the handlers that it shall have."""

    kind = "simulated"

    def __init__(self, handlers: Sequence[Handler] = ()) -> None:
        self._handlers = handlers

    async def survey(self, cluster: Cluster) -> None: ...

    async def cautions(self, cluster: Cluster) -> Sequence[str]:
        return ()

    async def obstacles(self, cluster: Cluster, plan: Plan) -> Sequence[str]:
        return ()

    def wanted(self, cluster: Cluster) -> Sequence[Resource]:
        return [SimulatedMachine(machine=one.name) for one in cluster.all_machines]

    def handlers(self, cluster: Cluster) -> Sequence[Handler]:
        return self._handlers

    async def endpoint(self, cluster: Cluster, machine: str) -> Endpoint | None:
        return None

    def expected_facts(self, cluster: Cluster) -> Facts | None:
        return EXPECTED

    def value(self, ref: Ref) -> bytes | None:
        return None

    def api_proxy(self, cluster: Cluster) -> str | None:
        return None

    def api_url(self, cluster: Cluster) -> Content:
        return Content.of("https://127.0.0.1:6443")
