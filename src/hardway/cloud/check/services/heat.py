"""Heat: stacks. Proved with a stack of one random string, which costs nothing and needs no other service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Wrong
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import gone, settled

COMPLETE_WITHIN = 120.0
"""Seconds."""

LENGTH = 16
TEMPLATE = {
    "heat_template_version": "2016-10-14",
    "description": "made by hardway cloud check; can be deleted",
    "resources": {"text": {"type": "OS::Heat::RandomString", "properties": {"length": LENGTH}}},
    "outputs": {"text": {"value": {"get_attr": ["text", "value"]}}},
}


def _stack(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.orchestration
    stack = api.create_stack(name=cloud.name("stack"), template=TEMPLATE, timeout_mins=5)
    made.undo("stack", partial(_remove, cloud, stack))
    stack = settled(
        cloud,
        "the stack",
        partial(api.get_stack, stack.id),
        within=COMPLETE_WITHIN,
        wanted=("create_complete",),
    )
    outputs = {one["output_key"]: one["output_value"] for one in stack.outputs or ()}
    if len(outputs.get("text") or "") != LENGTH:
        raise Wrong(f"the stack's output is {outputs}, not a text of {LENGTH} characters")
    return Proved("a stack is CREATE_COMPLETE and gives its output")


def _remove(cloud: Cloud, stack: Any) -> None:
    api = cloud.api.orchestration
    api.delete_stack(stack, ignore_missing=False)
    gone("the stack", partial(api.get_stack, stack.id), COMPLETE_WITHIN)


def _sweep(cloud: Cloud) -> None:
    for stack in cloud.leftovers(cloud.api.orchestration.stacks()):
        _remove(cloud, stack)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    told = asked(cloud.api.orchestration.get("/services"))["services"]
    return [Agent(one["binary"], one["host"], one["status"] == "up") for one in told]


HEAT = Service(
    name="Heat",
    counterpart="CloudFormation",
    type="orchestration",
    there=lambda cloud: cloud.has("orchestration"),
    version=told_by("orchestration"),
    proofs=(Proof("stack", "a stack is made and gives its output", _stack),),
    sweep=_sweep,
    agents=_agents,
)
