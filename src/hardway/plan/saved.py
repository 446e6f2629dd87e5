"""A plan as JSON: printed for other programs, and saved to be applied exactly or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hardway.plan.steps import Difference, Plan, Step
from hardway.resources.base import UNKNOWN, Unknown, digest
from hardway.resources.kubernetes import Condition

FORMAT: Final = "hardway-plan/v1"


class PlanFileFault(Exception):
    """A plan file that cannot be used: not a plan, cut short, altered, or of another cluster."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan file says."""

    cluster: str
    spec: str
    """Digest of the spec that the plan was made from."""
    steps: tuple[Mapping[str, Any], ...]


def step_json(step: Step) -> dict[str, Any]:
    """A step as JSON values; nothing secret is among a resource's attributes."""
    return {
        "id": step.id,
        "chapter": step.chapter.value,
        "machine": step.machine,
        "kind": step.resource.kind,
        "action": step.action.value,
        "what": step.resource.describe(),
        "reason": step.reason,
        "differences": [_difference_json(difference) for difference in step.differences],
        "needs": list(step.needs),
    }


def _difference_json(difference: Difference) -> dict[str, str | None]:
    after = repr(UNKNOWN) if isinstance(difference.after, Unknown) else difference.after
    return {"attribute": difference.attribute, "before": difference.before, "after": after}


def plan_json(plan: Plan, cluster: str, spec: str) -> dict[str, Any]:
    """The plan as JSON values, with a digest over all of it."""
    body = {"format": FORMAT, "cluster": cluster, "spec": spec, "steps": [step_json(step) for step in plan.steps]}
    return {**body, "digest": _digest(body)}


def _digest(body: Mapping[str, Any]) -> str:
    return digest(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def load_plan(text: str) -> SavedPlan:
    """What a plan file says. Raises PlanFileFault with what to do."""
    again = "make it again with `hardway plan --out`"
    try:
        data = json.loads(text)
    except ValueError as fault:
        raise PlanFileFault(f"it is no complete JSON ({fault}); {again}") from fault
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise PlanFileFault(f"it is no plan of this version of hardway ({FORMAT}); {again}")
    body = {key: value for key, value in data.items() if key != "digest"}
    if data.get("digest") != _digest(body) or not isinstance(data.get("steps"), list):
        raise PlanFileFault(f"it was altered or cut short since it was saved; {again}")
    return SavedPlan(str(data["cluster"]), str(data["spec"]), tuple(data["steps"]))


def moved(saved: SavedPlan, plan: Plan) -> tuple[str, ...]:
    """What a plan made now does otherwise than the saved one: a line a step; nothing where the world has not moved."""
    then = {str(step["id"]): dict(step) for step in saved.steps}
    now = {step.id: step_json(step) for step in plan.steps}
    gone = [f"{one}: was to {then[one]['action']}, now there is nothing to do" for one in then if one not in now]
    new = [
        f"{one}: now to {now[one]['action']} ({now[one]['reason']}), was not in the plan"
        for one in now
        if one not in then
    ]
    other = [f"{one}: would change otherwise than planned" for one in now if one in then and now[one] != then[one]]
    return (*gone, *new, *other)


def beyond(agreed: Plan, plan: Plan) -> tuple[Step, ...]:
    """The steps of a plan that go beyond what was agreed to: new ones, and those that change something otherwise.

    A condition changes nothing: more of them is only more to wait for.
    """
    then = {step.id: (step.action, step.differences) for step in agreed.steps}
    steps = (step for step in plan.steps if step.resource.kind != Condition.kind)
    return tuple(step for step in steps if then.get(step.id) != (step.action, step.differences))
