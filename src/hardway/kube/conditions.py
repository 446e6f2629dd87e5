"""Whether a condition holds for an object, and if not, why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

HOLDS: Final = "yes"

Body = Mapping[str, Any]


ROLLED: Final = "Rolled"
"""Our own condition, of a DaemonSet or a Deployment: what runs is its present template, and all of it."""


def holds(condition: str, body: Body | None) -> str:
    """ "yes", or "no: <why>". `condition` is a type among the object's status.conditions."""
    return _answer(body, lambda found: _not_true(condition, found))


def rolled(body: Body | None, nodes: int) -> str:
    """As `holds`, of the condition Rolled of a DaemonSet or Deployment: every pod runs its present template and is
    available. (A Deployment is Available all the while it rolls.)

    `nodes` is how many Nodes there are, of consequence for a DaemonSet alone. No more pods than that are waited for:
    its controller does not hear of a Node that is deleted, and goes on desiring a pod there until something else wakes
    it (it has no DeleteFunc for Nodes, kubernetes pkg/controller/daemon/daemon_controller.go).
    """
    return _answer(body, lambda found: _not_rolled(found, nodes))


def _answer(body: Body | None, why_not_yet: Callable[[Body], str]) -> str:
    if body is None:
        return "no: it does not exist yet"
    why = why_not_yet(body)
    return f"no: {why}" if why else HOLDS


def why_not(held: str) -> str:
    """The reason in an answer of `holds`."""
    return held.removeprefix("no: ")


def _not_true(condition: str, body: Body) -> str:
    """Empty once the condition is True, of the object as it is now (a controller may not have seen it yet)."""
    status = body.get("status", {})
    if _unseen(body):
        return "its controller has not seen it yet"
    found = next((item for item in status.get("conditions") or () if item.get("type") == condition), None)
    if found is None:
        return f"condition {condition} is not reported yet"
    if found.get("status") == "True":
        return ""
    said = found.get("message") or found.get("reason")
    return str(said or f"condition {condition} is {found.get('status')}")


def _unseen(body: Body) -> bool:
    """Whether a controller that reports the generation it saw has not seen the present one."""
    observed = body.get("status", {}).get("observedGeneration")
    if observed is None:
        return body.get("kind") in ("Deployment", "DaemonSet")
    return int(observed) < int(body["metadata"].get("generation", 0))


def _not_rolled(body: Body, nodes: int) -> str:
    if _unseen(body):
        return "its controller has not seen it yet"
    status = body.get("status", {})
    if body.get("kind") == "Deployment":
        replicas = int(body.get("spec", {}).get("replicas", 1))
        updated, available = int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0))
        return _short_of(replicas, updated, available) or _left_over(int(status.get("replicas", 0)) - updated)
    desired = min(int(status.get("desiredNumberScheduled", 0)), nodes)
    return _short_of(desired, int(status.get("updatedNumberScheduled", 0)), int(status.get("numberAvailable", 0)))


def _short_of(desired: int, updated: int, available: int) -> str:
    """Why they are not all there; empty where they are."""
    if updated < desired:
        return f"{updated} of {desired} pods are up to date"
    if available < desired:
        return f"{available} of {desired} pods are available"
    return ""


def _left_over(older: int) -> str:
    return f"{older} older pods are still there" if older > 0 else ""


def failed(body: Body | None) -> str:
    """Why nothing will become of an object any more (a Job that failed); empty while something may."""
    conditions = (body or {}).get("status", {}).get("conditions") or ()
    if body is None or body.get("kind") != "Job":
        return ""
    found = next((one for one in conditions if one["type"] == "Failed" and one["status"] == "True"), None)
    return "" if found is None else str(found.get("message") or found.get("reason") or "it failed")


def pod_trouble(pods: Iterable[Body]) -> str:
    """What the first pod that is not ready says; empty where none says anything."""
    return next(filter(None, (_trouble(pod) for pod in pods)), "")


def _trouble(pod: Body) -> str:
    status = pod.get("status", {})
    name = f"pod {pod['metadata']['name']}"
    for container in status.get("containerStatuses") or ():
        waiting = container.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
            return f"{name}: {waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
    unscheduled = (c for c in status.get("conditions") or () if c["type"] == "PodScheduled" and c["status"] == "False")
    return next((f"{name}: {c.get('message', c.get('reason', ''))}" for c in unscheduled), "")


def warning(events: Iterable[Body], pods: Container[str]) -> str:
    """The last warning about one of the pods; empty where there is none."""
    about = [event for event in events if event.get("involvedObject", {}).get("name") in pods]
    if not about:
        return ""
    last = max(about, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    message = " ".join(str(last.get("message", "")).split())
    # what happened stands at the end of the message, after the layers that it went through
    return f"pod {last['involvedObject']['name']}: {message if len(message) <= 300 else '...' + message[-297:]}"
