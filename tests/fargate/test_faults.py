"""What goes wrong at AWS and with the agent itself: kill -9, refused calls, no capacity, lost tasks, late logs."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.fargate.conftest import Agent, Kubectl, Local, eventually
from tests.fargate.test_agent import phase, pod, running, shell

pytestmark = pytest.mark.fargate


def waiting(kubectl: Kubectl, name: str) -> dict[str, str]:
    statuses = kubectl.get("pod", name)["status"]["containerStatuses"]
    state: dict[str, str] = statuses[0]["state"]["waiting"]
    return state


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.4, 1.0])
def test_killed_at_any_moment_the_agent_finds_its_tasks_again(
    agent: Agent, kubectl: Kubectl, local: Local, moment: float
) -> None:
    for number in range(3):
        kubectl.apply(pod(f"killed-{number}", shell("sleep 3600")))
    time.sleep(moment)
    agent.kill()
    agent.start()
    agent.until_it_is_ready()
    for number in range(3):
        running(kubectl, f"killed-{number}")
    live = local.live()
    assert sorted(tag["value"] for one in live for tag in one["tags"] if tag["key"] == "hardway/name") == [
        f"killed-{number}" for number in range(3)
    ]


def test_what_ran_while_the_agent_was_away_is_left_alone_and_what_ended_is_told(
    agent: Agent, kubectl: Kubectl, local: Local
) -> None:
    kubectl.apply(pod("stays", shell("sleep 3600")))
    kubectl.apply(pod("ends", shell("sleep 3"), restartPolicy="Never"))
    before = running(kubectl, "stays")["status"]["containerStatuses"][0]["containerID"]
    running(kubectl, "ends")
    agent.kill()
    eventually(lambda: len(local.live()) == 1)
    agent.start()
    agent.until_it_is_ready()
    eventually(lambda: phase(kubectl, "ends") == "Succeeded")
    assert running(kubectl, "stays")["status"]["containerStatuses"][0]["containerID"] == before


def test_a_pod_deleted_while_the_agent_was_away_loses_its_task_after_the_grace(
    agent: Agent, kubectl: Kubectl, local: Local
) -> None:
    kubectl.apply(pod("orphan", shell("sleep 3600")))
    running(kubectl, "orphan")
    agent.kill()
    kubectl("delete", "pod", "orphan", "--force", "--grace-period=0")
    agent.start()
    agent.until_it_is_ready()
    time.sleep(3)
    assert len(local.live()) == 1, "the grace of 30 s was not given"
    eventually(lambda: not local.live(), within=50)


def test_a_task_killed_in_the_console_is_replaced(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    kubectl.apply(pod("console", shell("sleep 3600")))
    running(kubectl, "console")
    (task,) = local.live()
    _aws(local, "stop_task", cluster="hardway", task=task["taskArn"], reason="I did it")
    eventually(lambda: "I did it" in json.dumps(kubectl.get("pod", "console")["status"]))
    eventually(lambda: local.live() and local.live()[0]["taskArn"] != task["taskArn"])
    running(kubectl, "console")


def _aws(local: Local, operation: str, **parameters: str) -> None:
    """The stock client, in a process of its own."""
    script = (
        "import boto3, json, sys\n"
        "url, operation, parameters = sys.argv[1:]\n"
        "client = boto3.client('ecs', endpoint_url=url, region_name='us-local-1', aws_access_key_id='a', "
        "aws_secret_access_key='b')\n"
        "getattr(client, operation)(**json.loads(parameters))"
    )
    subprocess.run((sys.executable, "-c", script, local.url, operation, json.dumps(parameters)), check=True)


REFUSED = ["ecs:RunTask", "ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition", "secretsmanager:CreateSecret"]


@pytest.mark.parametrize("call", REFUSED)
def test_a_call_that_is_not_allowed_is_named_with_the_statement_that_is_missing(
    agent: Agent, kubectl: Kubectl, local: Local, call: str
) -> None:
    kubectl("create", "secret", "generic", "denied", "--from-literal=a=b")
    fault = {"call": call, "code": "AccessDeniedException", "message": "not authorized", "times": 1}
    local.change(faults=[fault])
    kubectl.apply(pod("denied", {**shell("sleep 3600"), "envFrom": [{"secretRef": {"name": "denied"}}]}))
    eventually(lambda: call in waiting(kubectl, "denied")["message"])
    said = waiting(kubectl, "denied")
    assert said["reason"] == "ProviderFailed" and f'"Action": "{call}"' in said["message"]
    running(kubectl, "denied")
    kubectl("delete", "secret", "denied")


def test_the_node_is_not_ready_while_aws_does_not_let_the_tasks_be_listed(
    agent: Agent, kubectl: Kubectl, local: Local
) -> None:
    def ready() -> str:
        conditions = kubectl.get("node", "virtual-kubelet")["status"]["conditions"]
        return str(next(one["status"] for one in conditions if one["type"] == "Ready"))

    kubectl.apply(pod("outage", shell("sleep 3600")))
    running(kubectl, "outage")
    local.change(faults=[{"call": "ecs:ListTasks", "code": "AccessDeniedException", "message": "no", "times": -1}])
    eventually(lambda: ready() == "False")
    assert len(local.live()) == 1
    local.change(faults=[])
    eventually(lambda: ready() == "True")


def test_no_capacity_and_no_network_interface(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    local.change(capacity=False)
    kubectl.apply(pod("squeezed", shell("sleep 3600")))
    eventually(lambda: waiting(kubectl, "squeezed")["reason"] == "CapacityUnavailable")
    local.change(capacity=True, network=False, network_patience=0.5)
    eventually(lambda: "network interface" in waiting(kubectl, "squeezed")["message"])
    local.change(network=True, network_patience=20)
    running(kubectl, "squeezed")


def test_an_image_that_is_not_there(agent: Agent, kubectl: Kubectl) -> None:
    kubectl.apply(pod("no-image", {"image": "registry.example/no:1"}))
    eventually(lambda: waiting(kubectl, "no-image")["reason"] == "ErrImagePull")
    assert "registry.example/no:1" in waiting(kubectl, "no-image")["message"]


def test_throttling_is_borne(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    local.change(faults=[{"call": "*", "code": "ThrottlingException", "message": "Rate exceeded", "times": 5}])
    kubectl.apply(pod("throttled", shell("sleep 3600")))
    running(kubectl, "throttled")


def test_logs_come_late_and_are_followed_to_the_end(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    local.change(log_lag=1.0)
    kubectl.apply(pod("late", shell("for i in 1 2 3; do echo line $i; sleep 1; done"), restartPolicy="Never"))
    eventually(lambda: phase(kubectl, "late") in ("Running", "Succeeded"))
    assert kubectl("logs", "late", "--follow").splitlines() == ["line 1", "line 2", "line 3"]
    assert kubectl("logs", "late", "--tail=1").splitlines() == ["line 3"]
    stamped = kubectl("logs", "late", "--timestamps", "--tail=1")
    assert stamped.startswith("20") and stamped.endswith("Z line 3\n")
    assert kubectl("logs", "late", "--limit-bytes=4") == "line"


def test_a_second_agent_of_the_name_is_refused(agent: Agent, kubectl: Kubectl) -> None:
    lease = kubectl.get("lease", "virtual-kubelet", "-n", "kube-node-lease")
    assert lease["spec"]["holderIdentity"].startswith("virtual-kubelet@")
    agent.end()
    other = {"spec": {**lease["spec"], "holderIdentity": "virtual-kubelet@elsewhere", "leaseDurationSeconds": 40}}
    kubectl("patch", "lease", "virtual-kubelet", "-n", "kube-node-lease", "--type=merge", "-p", json.dumps(other))
    agent.start()
    assert agent.process is not None
    assert agent.process.wait(timeout=30) == 1
    assert "is kept by another agent: virtual-kubelet@elsewhere" in agent.log
    kubectl("delete", "lease", "virtual-kubelet", "-n", "kube-node-lease")
    agent.start()
    agent.until_it_is_ready()


def test_a_node_that_somebody_deletes_is_registered_again(agent: Agent, kubectl: Kubectl) -> None:
    agent.end()
    kubectl("delete", "node", "virtual-kubelet")
    agent.start()
    agent.until_it_is_ready()
    assert kubectl.get("node", "virtual-kubelet")["spec"]["taints"]
