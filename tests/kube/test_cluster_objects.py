"""The objects of a real cluster on a real API server: applied once, a second look finds nothing to do."""

from __future__ import annotations

import pytest

from hardway.components.facts import DEFAULT_FACTS
from hardway.components.registry import wanted
from hardway.engine.handler import Context
from hardway.kube.handler import KubeHandler
from hardway.plan.steps import Action, Step
from hardway.resources.base import Content, Ref, absent
from hardway.resources.kubernetes import KubeObject
from hardway.spec.model import Cluster
from tests.kube.conftest import RealApi

pytestmark = pytest.mark.build


def _resolve(ref: Ref) -> bytes:
    raise KeyError(ref)


async def test_all_objects_are_taken_and_then_as_wanted(api: RealApi) -> None:
    cluster = Cluster(name="test")
    facts = {machine.name: DEFAULT_FACTS for machine in cluster.all_machines}
    everything = wanted(cluster, facts, Content.of("https://127.0.0.1:6443"))
    objects = [one for one in everything if isinstance(one, KubeObject)]
    handler = KubeHandler(lambda: api.kubeconfig, lambda: api.break_glass)
    steps = [Step(one, Action.CREATE, absent(one.id), (), "a test", one.needs) for one in objects]
    done: list[str] = []
    await handler.apply(steps, Context(_resolve, lambda step: done.append(step.id), lambda step_id, what: None))
    assert sorted(done) == sorted(one.id for one in objects)
    seen = await handler.observe(objects)
    assert {one.id: seen[one.id].attributes["drift"] for one in objects} == {one.id: "none" for one in objects}
    removals = [Step(handler.owned(seen[one.id]), Action.REMOVE, seen[one.id], (), "a test", ()) for one in objects]
    await handler.apply(removals, Context(_resolve, lambda step: None, lambda step_id, what: None))
    left = await handler.observe(())
    assert not set(left) & set(done)
