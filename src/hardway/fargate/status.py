"""From a task to the status of its pod, as a kubelet would write it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.health import LIVENESS, READINESS, exec_probe
from hardway.fargate.tasks import STARTING, Task, TaskContainer
from hardway.kube.api import Body

KILLED: Final = 137
"""128 + SIGKILL: what is said of a container whose exit code nobody knows."""

Probes = Mapping[tuple[str, str, str], bool]
"""What the agent's own probes found last, by uid, container and kind; without an entry it is not known yet."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a status is made from beside the pod."""

    now: datetime
    host_address: str
    probes: Probes


def rfc3339(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Body, scene: Scene, reason: str, message: str, last: Task | None = None, restarts: int = 0) -> Body:
    """No task runs for the pod: why, and for a restart what came before."""
    state = {"waiting": {"reason": reason, "message": message[:1024]}}
    statuses = [_plain(one, state, pod, scene, last, restarts) for one in pods.containers(pod)]
    inits = [_plain(one, state, pod, scene, None, restarts) for one in pods.init_containers(pod)]
    return _status(pod, scene, "Pending" if last is None else "Running", statuses, inits, "", reason, message)


def of_task(pod: Body, task: Task, scene: Scene, last: Task | None = None) -> Body:
    """A task that has not stopped; `last` is the one before it."""
    statuses = [_of_container(one, pod, task, scene, last) for one in pods.containers(pod)]
    inits = [_of_container(one, pod, task, scene, None) for one in pods.init_containers(pod)]
    begun = any("waiting" not in one["state"] for one in statuses)
    phase = "Running" if begun or pods.phase(pod) == "Running" else "Pending"
    return _status(pod, scene, phase, statuses, inits, task.address)


def finished(pod: Body, task: Task, scene: Scene, reason: str = "", message: str = "") -> Body:
    """The end of a pod by that of its task: Succeeded only if every container ended with 0."""
    statuses = [_of_container(one, pod, task, scene, None) for one in pods.containers(pod)]
    inits = [_of_container(one, pod, task, scene, None) for one in pods.init_containers(pod)]
    good = not reason and all(one["state"]["terminated"]["exitCode"] == 0 for one in statuses)
    said = message or ("" if good else why(task))
    phase = "Succeeded" if good else "Failed"
    return _status(pod, scene, phase, statuses, inits, task.address, reason or ("" if good else task.stop_code), said)


def failed(pod: Body, scene: Scene, reason: str, message: str) -> Body:
    """The end of a pod that has no task to tell of."""
    return {
        "phase": "Failed",
        "reason": reason,
        "message": message[:4096],
        "conditions": _conditions(pod, scene, (), (), ended=True),
        "hostIP": scene.host_address,
        "startTime": _start_time(pod, scene),
    }


def why(task: Task) -> str:
    """What AWS says about a task's end."""
    parts = [f"{task.stop_code}: {task.stopped_reason}".strip(": ")]
    parts += [f"{one.name}: {one.reason}" for one in task.containers if one.reason]
    return "; ".join(part for part in parts if part)


def succeeded(pod: Body, task: Task) -> bool:
    """Whether every container of the pod ended with 0."""
    ends = [task.container(one["name"]) for one in pods.containers(pod)]
    return all(end is not None and end.exit_code == 0 for end in ends)


def _status(
    pod: Body,
    scene: Scene,
    phase: str,
    statuses: list[Body],
    inits: list[Body],
    address: str,
    reason: str = "",
    message: str = "",
) -> Body:
    ended = phase in pods.TERMINAL
    status: Body = {
        "phase": phase,
        "reason": reason if ended else None,
        "message": message[:4096] if ended else None,
        "conditions": _conditions(pod, scene, statuses, inits, ended=ended),
        "hostIP": scene.host_address,
        "hostIPs": [{"ip": scene.host_address}],
        "podIP": address or None,
        "podIPs": [{"ip": address}] if address else None,
        "startTime": _start_time(pod, scene),
        "containerStatuses": statuses,
    }
    if inits:
        status["initContainerStatuses"] = inits
    return {key: value for key, value in status.items() if value is not None or key in (pod.get("status") or {})}


def _start_time(pod: Body, scene: Scene) -> str:
    return (pod.get("status") or {}).get("startTime") or rfc3339(scene.now)


def _conditions(pod: Body, scene: Scene, statuses: Any, inits: Any, *, ended: bool) -> list[Body]:
    initialized = all(one["state"].get("terminated", {}).get("exitCode") == 0 for one in inits)
    ready = bool(statuses) and not ended and all(one["ready"] for one in statuses)
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    before = {one["type"]: one for one in (pod.get("status") or {}).get("conditions") or ()}
    gated = all(before.get(gate, {}).get("status") == "True" for gate in gates)
    unready = "PodCompleted" if ended else "ContainersNotReady"
    ours = {
        "PodScheduled": (True, ""),
        "Initialized": (initialized, "ContainersNotInitialized"),
        "ContainersReady": (ready, unready),
        "Ready": (ready and gated, "ReadinessGatesNotReady" if ready else unready),
    }
    made = [_condition(kind, good, reason, before.get(kind), scene) for kind, (good, reason) in ours.items()]
    return [*made, *(one for kind, one in before.items() if kind not in ours)]


def _condition(kind: str, good: bool, reason: str, before: Body | None, scene: Scene) -> Body:
    status = "True" if good else "False"
    kept = before is not None and before.get("status") == status
    since = (before or {}).get("lastTransitionTime") if kept else None
    condition = {"type": kind, "status": status, "lastTransitionTime": since or rfc3339(scene.now)}
    return condition if good else {**condition, "reason": reason}


def _plain(container: Body, state: Body, pod: Body, scene: Scene, last: Task | None, restarts: int) -> Body:
    status: Body = {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": restarts,
        "state": state,
    }
    return {**status, **_last_state(container, pod, scene, last)}


def _last_state(container: Body, pod: Body, scene: Scene, last: Task | None) -> Body:
    ended = last.container(container["name"]) if last else None
    if last is None or ended is None:
        return {}
    return {"lastState": {"terminated": _terminated(ended, pod, last, scene)}}


def _of_container(container: Body, pod: Body, task: Task, scene: Scene, last: Task | None) -> Body:
    seen = task.container(container["name"])
    state = _state(container, seen, pod, task, scene)
    running = "running" in state
    status: Body = {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": f"{seen.image}@{seen.digest}" if seen and seen.digest else "",
        "containerID": container_id(task, container["name"]),
        "ready": _ready(container, seen, pod, task, scene, state),
        "started": running,
        "restartCount": task.restarts,
        "state": state,
    }
    return {**status, **_last_state(container, pod, scene, last)}


def _state(container: Body, seen: TaskContainer | None, pod: Body, task: Task, scene: Scene) -> Body:
    if seen is not None and (seen.status == "STOPPED" or task.is_stopped):
        return {"terminated": _terminated(seen, pod, task, scene)}
    if task.is_stopped:
        return {"terminated": _terminated(_unknown(container), pod, task, scene)}
    if seen is not None and seen.status == "RUNNING":
        return {"running": {"startedAt": rfc3339(task.started or _before(container, pod, "running", scene))}}
    reason = "PodInitializing" if pods.init_containers(pod) and task.status not in STARTING[:2] else "ContainerCreating"
    return {"waiting": {"reason": reason}}


def _unknown(container: Body) -> TaskContainer:
    return TaskContainer(container["name"], "STOPPED", None, "", "UNKNOWN", container.get("image", ""), "")


def _before(container: Body, pod: Body, state: str, scene: Scene) -> datetime:
    """Since when the pod's status has the container running already; else now."""
    field = {"running": "startedAt", "terminated": "finishedAt"}[state]
    for one in _statuses(pod):
        text = one["state"].get(state, {}).get(field) if one["name"] == container["name"] else None
        if text:
            return pods.time_of(text)
    return scene.now


def _statuses(pod: Body) -> Iterator[Body]:
    status = pod.get("status") or {}
    yield from (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))


def _terminated(seen: TaskContainer, pod: Body, task: Task, scene: Scene) -> Body:
    code = KILLED if seen.exit_code is None else seen.exit_code
    ended = task.stopped or _before({"name": seen.name}, pod, "terminated", scene)
    made = {
        "exitCode": code,
        "reason": _end_reason(seen, code),
        "startedAt": rfc3339(task.started) if task.started else None,
        "finishedAt": rfc3339(ended),
        "containerID": container_id(task, seen.name),
        "message": (seen.reason or (task.stopped_reason if code else "")) or None,
    }
    return {key: value for key, value in made.items() if value is not None}


def _end_reason(seen: TaskContainer, code: int) -> str:
    if "OutOfMemory" in seen.reason:
        return "OOMKilled"
    return "Completed" if code == 0 else "Error"


def container_id(task: Task, container: str) -> str:
    """By which the task is known again where nothing else tells of it: fargate://ARN/container."""
    return f"fargate://{task.arn}/{container}"


def known_task(pod: Body) -> str:
    """The ARN of the task that the pod's status tells of, or ""."""
    found = (one.get("containerID") or "" for one in _statuses(pod))
    text = next((one for one in found if one.startswith("fargate://")), "")
    return text.removeprefix("fargate://").rpartition("/")[0]


def known_restarts(pod: Body) -> int:
    return max((int(one.get("restartCount") or 0) for one in _statuses(pod)), default=0)


def _ready(container: Body, seen: TaskContainer | None, pod: Body, task: Task, scene: Scene, state: Body) -> bool:
    """Init containers are ready when they have ended well."""
    if "terminated" in state:
        return container in pods.init_containers(pod) and state["terminated"]["exitCode"] == 0
    if seen is None or "running" not in state or task.is_ending:
        return False
    if exec_probe(container, READINESS):
        return seen.health == "HEALTHY"
    if container.get(READINESS):
        return scene.probes.get((pods.uid(pod), container["name"], READINESS), False)
    return True


def sick(pod: Body, task: Task, scene: Scene) -> str:
    """The container whose liveness probe has failed, or ""."""
    for container in pods.containers(pod):
        seen = task.container(container["name"])
        if seen is None or seen.status != "RUNNING":
            continue
        by_command = exec_probe(container, LIVENESS) is not None and seen.health == "UNHEALTHY"
        if by_command or scene.probes.get((pods.uid(pod), container["name"], LIVENESS)) is False:
            return str(container["name"])
    return ""


def changed(pod: Body, status: Body) -> bool:
    """Whether the API has something else than this."""
    current = pod.get("status") or {}
    return any(current.get(key) != value for key, value in status.items())
