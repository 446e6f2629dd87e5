"""A cluster of the example's size on a cloud in memory, driven by the real plan and the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardway.engine.apply import Apply, handlers_by_kind
from hardway.engine.handler import StepFailed
from hardway.machines.provider import Endpoint, Operator
from hardway.openstack import provider as provider_room
from hardway.openstack.handlers import balancer_whole, names, servers
from hardway.openstack.provider import OpenStackProvider
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan
from hardway.resources.base import Ref, Resource, Seen
from hardway.spec.load import parse
from hardway.spec.model import Cluster
from hardway.spec.openstack import OpenStack
from tests.openstack.fake_cloud import FakeCloud, World
from tests.simulated_world import Nobody

ID = "0b1c2d3e-0000-4000-8000-000000000000"
EXAMPLE = Path(__file__).parents[2] / "examples" / "openstack.yaml"


def example(more: str = "") -> Cluster:
    """The example, with more keys of its section `openstack`."""
    return parse(EXAMPLE.read_text() + more)


async def answers(endpoint: Endpoint | None) -> str | None:
    """Every machine lets everybody in."""
    return None


@dataclass
class Stage:
    """A cloud, a cluster in it, and what a run does to it."""

    cluster: Cluster = field(default_factory=example)
    world: World = field(default_factory=World)
    watcher: Nobody = field(default_factory=Nobody)

    def provider(self) -> OpenStackProvider:
        """As a new process would make it."""
        operator = Operator(ID, Path("/nowhere"), lambda ref: f"ssh-ed25519 {ref.resource}".encode())
        return OpenStackProvider(operator, self._cloud, answers)

    def _cloud(self, section: OpenStack) -> FakeCloud:
        return FakeCloud(section, self.world)

    async def look(self, provider: OpenStackProvider, *, nothing_wanted: bool = False) -> Plan:
        """The plan of the cloud's own part."""
        await provider.survey(self.cluster)
        handlers = provider.handlers(self.cluster)
        kinds = {kind for handler in handlers for kind in handler.kinds}
        wanted: list[Resource] = [one for one in provider.wanted(self.cluster) if one.kind in kinds]
        seen: dict[str, Seen] = {}
        for handler in handlers:
            seen.update(await handler.observe([one for one in wanted if one.kind in handler.kinds]))
        by_kind = handlers_by_kind(handlers)
        owned = [by_kind[one.id.split(":")[0]].owned(one) for one in seen.values() if one.owned]
        return make_plan([] if nothing_wanted else wanted, seen, lambda ref: self._value(provider, ref), owned)

    def _value(self, provider: OpenStackProvider, ref: Ref) -> bytes | None:
        return provider.value(ref)

    async def run(self, *, nothing_wanted: bool = False) -> Plan:
        """Look, plan, apply."""
        provider = self.provider()
        plan = await self.look(provider, nothing_wanted=nothing_wanted)

        def resolve(ref: Ref) -> bytes:
            value = provider.value(ref)
            if value is None:
                raise KeyError(ref.resource)
            return value

        handlers = handlers_by_kind(provider.handlers(self.cluster))
        await Apply(plan, handlers, resolve, self.watcher, self.watcher).run()
        return plan

    async def obstacles(self) -> list[str]:
        """What stands in the way of the plan."""
        provider = self.provider()
        plan = await self.look(provider)
        return list(await provider.obstacles(self.cluster, plan))


def only_failure(failures: tuple[StepFailed, ...]) -> StepFailed:
    (one,) = failures
    return one


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing takes time in a cloud in memory, and this computer knows none of its names."""
    for module in (balancer_whole, names, servers):
        monkeypatch.setattr(module, "PAUSE", 0.0)

    async def unknown(provider: OpenStackProvider, cluster: Cluster) -> bool:
        return True

    monkeypatch.setattr(provider_room.OpenStackProvider, "_name_resolves", unknown)


Counts = Mapping[str, list[str]]

__all__ = ["Counts", "Stage", "asyncio"]
