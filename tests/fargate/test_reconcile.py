"""Single decisions of `reconcile`, and the status that a pod gets: tables of what is seen and what is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hardway.fargate.actions import Action, Clean, Finish, Report, Start, Stop, Tell
from hardway.fargate.mapping import pods
from hardway.fargate.memory import Launch, Memory
from hardway.fargate.reconcile import Sight, reconcile
from hardway.fargate.status import Probes, Scene, changed, of_task, rfc3339
from hardway.fargate.tasks import Task
from hardway.kube.api import Body
from tests.fargate.made import NOW, SCENE, UID, container, pod, task, task_container

GRACE = timedelta(minutes=5)
LATER = NOW + timedelta(minutes=2)


def decide(
    of: Body | None,
    *tasks: Task,
    memory: Memory | None = None,
    now: Any = NOW,
    healthy: bool = True,
    leftovers: Sequence[str] = (),
    probes: Probes | None = None,
) -> tuple[Action, ...]:
    scene = Scene(now, SCENE.host_address, probes or {})
    there = {} if of is None else {pods.uid(of): of}
    sight = Sight(there, tasks, frozenset(leftovers), healthy, frozenset(), scene)
    return reconcile(sight, memory or Memory(), GRACE)[0]


def told(actions: Sequence[Action], kind: type[Any]) -> Any:
    """The one action of that kind."""
    (found,) = [one for one in actions if isinstance(one, kind)]
    return found


def stopped(of: Body, code: int | None, **fields: Any) -> Task:
    return task(of, "STOPPED", task_container(status="STOPPED", exit_code=code), **fields)


def test_a_new_pod_is_started() -> None:
    assert told(decide(pod()), Start) == Start(UID, pod(), "", 0)


def test_nothing_is_started_while_the_api_does_not_answer() -> None:
    assert decide(pod(), healthy=False) == ()


def test_a_start_is_not_repeated_while_aws_does_not_tell_of_the_task_yet() -> None:
    launched = Memory(launches={UID: Launch("", "arn:1", NOW)})
    assert not [one for one in decide(pod(), memory=launched) if isinstance(one, Start)]
    assert decide(pod(), memory=launched, now=LATER) == ()
    missed = replace(launched, missing={UID: NOW})
    assert told(decide(pod(), memory=missed, now=LATER), Start).after == "arn:1"


def test_a_task_that_runs_makes_the_pod_run_and_ready() -> None:
    status = told(decide(pod(), task(pod())), Report).status
    assert (status["phase"], status["podIP"], status["hostIP"]) == ("Running", "10.0.0.9", "192.0.2.1")
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions == {"PodScheduled": "True", "Initialized": "True", "ContainersReady": "True", "Ready": "True"}
    assert status["containerStatuses"][0]["state"] == {"running": {"startedAt": rfc3339(NOW)}}


def test_an_unchanged_status_is_not_written_again() -> None:
    of = pod()
    of["status"] = of_task(of, task(of), SCENE)
    assert not changed(of, of_task(of, task(of), SCENE))
    assert decide(of, task(of), now=LATER) == ()


@pytest.mark.parametrize(
    ("state", "phase", "ready"),
    [
        ("PROVISIONING", "Pending", False),
        ("PENDING", "Pending", False),
        ("ACTIVATING", "Pending", False),
        ("RUNNING", "Running", True),
        ("DEACTIVATING", "Running", False),
        ("STOPPING", "Running", False),
        ("DEPROVISIONING", "Running", False),
    ],
)
def test_a_tasks_states(state: str, phase: str, ready: bool) -> None:
    begun = state not in ("PROVISIONING", "PENDING", "ACTIVATING")
    seen = task_container(status="RUNNING" if begun else "PENDING")
    status = told(decide(pod(), task(pod(), state, seen, started=NOW if begun else None)), Report).status
    assert (status["phase"], status["containerStatuses"][0]["ready"]) == (phase, ready)


ENDS: list[tuple[str, int | None, str | None]] = [
    ("Never", 0, "Succeeded"),
    ("Never", 1, "Failed"),
    ("Never", None, "Failed"),
    ("OnFailure", 0, "Succeeded"),
    ("OnFailure", 1, None),
    ("Always", 0, None),
    ("Always", 1, None),
]


@pytest.mark.parametrize(("policy", "code", "phase"), ENDS)
def test_how_a_pod_ends_or_goes_on(policy: str, code: int | None, phase: str | None) -> None:
    of = pod(restartPolicy=policy)
    ended = stopped(of, code)
    actions = decide(of, ended, now=LATER)
    if phase is None:
        assert told(actions, Start) == Start(UID, of, ended.arn, 1)
    else:
        assert told(actions, Report).status["phase"] == phase


def test_a_restart_waits_for_its_back_off() -> None:
    status = told(decide(pod(), stopped(pod(), 1)), Report).status
    assert status["phase"] == "Running"
    first = status["containerStatuses"][0]
    assert first["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert first["lastState"]["terminated"]["exitCode"] == 1


def test_the_back_off_grows() -> None:
    ended = [
        replace(stopped(pod(), 1), arn=f"arn:{n}", created=NOW + timedelta(seconds=n), restarts=n) for n in range(4)
    ]
    assert not [one for one in decide(pod(), *ended, now=NOW + timedelta(seconds=79)) if isinstance(one, Start)]
    assert told(decide(pod(), *ended, now=NOW + timedelta(seconds=80)), Start).restarts == 4


START_FAILURES = [
    ("CannotPullContainerError: pull image manifest: not found", "ErrImagePull"),
    ("Capacity is unavailable at this time. Please try again later", "CapacityUnavailable"),
    ("Timeout waiting for network interface provisioning to complete.", "CreateContainerError"),
]


@pytest.mark.parametrize(("said", "reason"), START_FAILURES)
@pytest.mark.parametrize("policy", ["Always", "Never"])
def test_a_task_that_could_not_be_started_is_tried_again_whatever_the_policy(
    said: str, reason: str, policy: str
) -> None:
    of = pod(restartPolicy=policy)
    failed = stopped(of, None, started=None, stop_code="TaskFailedToStart", stopped_reason=said)
    actions = decide(of, failed)
    waiting = told(actions, Report).status["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == reason and said in waiting["message"]
    assert said in told(actions, Tell).message
    assert told(decide(of, failed, now=LATER), Start).restarts == 0


def test_a_refusal_of_aws_is_told_in_its_words_and_tried_again() -> None:
    refused = Memory().refused(UID, "", "ProviderFailed", "ecs:RunTask: AccessDenied: no", NOW, lasting=False)
    status = told(decide(pod(), memory=refused), Report).status
    assert status["containerStatuses"][0]["state"]["waiting"]["message"] == "ecs:RunTask: AccessDenied: no"
    assert told(decide(pod(), memory=refused, now=LATER), Start)


def test_a_lasting_refusal_ends_a_pod_that_is_never_restarted() -> None:
    refused = Memory().refused(UID, "", "ProviderFailed", "bad", NOW, lasting=True)
    assert told(decide(pod(restartPolicy="Never"), memory=refused), Report).status["phase"] == "Failed"


def test_what_fargate_cannot_do_fails_with_all_reasons() -> None:
    actions = decide(pod(hostNetwork=True, hostPID=True))
    status = told(actions, Report).status
    assert status["phase"] == "Failed" and "hostNetwork" in status["message"] and "hostPID" in status["message"]
    assert told(actions, Tell).kind == "Warning"


def deleted(of: Body, grace: int = 30) -> Body:
    of["metadata"]["deletionTimestamp"] = rfc3339(NOW + timedelta(seconds=grace))
    return of


def test_a_deleted_pods_task_is_stopped_and_then_the_pod_goes() -> None:
    of = deleted(pod())
    assert told(decide(of, task(of)), Stop).arn == task(of).arn
    assert not [one for one in decide(of, task(of, "STOPPING")) if isinstance(one, Stop | Finish)]
    ended = task(of, "DEPROVISIONING", task_container(status="STOPPED", exit_code=0))
    assert told(decide(of, ended), Finish)
    assert told(decide(of), Finish)


def test_a_deleted_pod_goes_at_last_even_if_aws_does_not_end_its_task() -> None:
    of = deleted(pod())
    assert told(decide(of, task(of, "STOPPING"), now=NOW + timedelta(minutes=2)), Finish)


def test_a_pod_that_has_ended_is_left_as_it_is() -> None:
    of = pod()
    of["status"] = {"phase": "Succeeded"}
    assert decide(of, stopped(of, 1)) == ()
    assert told(decide(of, task(of)), Stop)
    assert told(decide(of, stopped(of, 0), leftovers=[UID]), Clean)


def test_a_task_without_a_pod_is_stopped_only_after_the_grace() -> None:
    orphan = task(pod())
    assert decide(None, orphan) == ()
    since = Memory(absent={UID: NOW})
    assert decide(None, orphan, memory=since, now=NOW + GRACE - timedelta(seconds=1)) == ()
    assert told(decide(None, orphan, memory=since, now=NOW + GRACE), Stop)
    assert decide(None, orphan, memory=since, now=NOW + GRACE, healthy=False) == ()


def test_a_pod_deleted_by_force_under_our_eyes_loses_its_task_at_once() -> None:
    assert told(decide(None, task(pod()), memory=Memory(known={UID})), Stop)


def test_a_twin_is_stopped() -> None:
    older, newer = task(pod()), replace(task(pod()), arn="arn:2", created=LATER)
    assert told(decide(pod(), older, newer), Stop).arn == older.arn


def test_other_images_replace_the_task_at_once() -> None:
    of = pod()
    before = task(of)
    of["spec"]["containers"][0]["image"] = "httpd:2"
    assert "images" in told(decide(of, before), Stop).reason
    ended = replace(before, status="STOPPED", wanted="STOPPED", stopped=NOW)
    assert told(decide(of, ended), Start).restarts == 1


def test_a_deadline_ends_the_pod() -> None:
    of = pod(activeDeadlineSeconds=60)
    of["status"]["startTime"] = rfc3339(NOW)
    assert told(decide(of, task(of), now=LATER), Stop)
    assert told(decide(of, stopped(of, 0), now=LATER), Report).status["reason"] == "DeadlineExceeded"


def test_a_task_lost_while_nobody_looked_is_told_of_and_not_silently_begun_again() -> None:
    of = pod(restartPolicy="Never")
    of["status"] = of_task(of, task(of), SCENE)
    missed = Memory(missing={UID: NOW})
    assert decide(of) == ()
    assert told(decide(of, memory=missed, now=LATER), Report).status["reason"] == "TaskLost"
    again = pod()
    again["status"] = of_task(again, task(again), SCENE)
    assert told(decide(again, memory=missed, now=LATER), Start) == Start(UID, again, task(again).arn, 1)


def test_probes() -> None:
    by_command = pod(container(readinessProbe={"exec": {"command": ["ok"]}}))
    for health, ready in (("UNKNOWN", False), ("UNHEALTHY", False), ("HEALTHY", True)):
        status = told(decide(by_command, task(by_command, "RUNNING", task_container(health=health))), Report).status
        assert status["containerStatuses"][0]["ready"] is ready
    by_http = pod(container(readinessProbe={"httpGet": {"port": 80}}))
    for probes, ready in (({}, False), ({(UID, "web", "readinessProbe"): True}, True)):
        status = told(decide(by_http, task(by_http), probes=probes), Report).status
        assert status["containerStatuses"][0]["ready"] is ready


def test_a_failed_liveness_probe_replaces_the_task() -> None:
    of = pod(container(livenessProbe={"exec": {"command": ["ok"]}}))
    actions = decide(of, task(of, "RUNNING", task_container(health="UNHEALTHY")))
    assert "liveness" in told(actions, Stop).reason and told(actions, Tell).reason == "Unhealthy"


def test_a_container_killed_for_its_memory_says_so() -> None:
    of = pod(restartPolicy="Never")
    killed = task_container(status="STOPPED", exit_code=137, reason="OutOfMemoryError: Container killed")
    status = told(decide(of, task(of, "STOPPED", killed)), Report).status
    assert status["containerStatuses"][0]["state"]["terminated"]["reason"] == "OOMKilled"


def test_readiness_gates_of_others_are_heeded_and_kept() -> None:
    of = pod(readinessGates=[{"conditionType": "example.org/open"}])
    gate = {"type": "example.org/open", "status": "False"}
    of["status"]["conditions"] = [gate]
    conditions = told(decide(of, task(of)), Report).status["conditions"]
    assert gate in conditions
    assert {one["type"]: one["status"] for one in conditions}["Ready"] == "False"


def test_a_pod_that_is_not_understood_costs_the_others_nothing() -> None:
    strange, good = pod(container(resources={"limits": {"cpu": "many"}}), uid="strange"), pod()
    sight = Sight({"strange": strange, UID: good}, (), frozenset(), True, frozenset(), SCENE)
    actions, _ = reconcile(sight, Memory(), GRACE)
    assert told(actions, Tell).reason == "NotUnderstood"
    assert told(actions, Start).uid == UID


def test_an_event_is_sent_once() -> None:
    sight = Sight({UID: pod(hostNetwork=True)}, (), frozenset(), True, frozenset(), SCENE)
    first, memory = reconcile(sight, Memory(), GRACE)
    again, _ = reconcile(sight, memory, GRACE)
    assert any(isinstance(one, Tell) for one in first) and not any(isinstance(one, Tell) for one in again)
