"""`hardway fargate doctor` and `ps` as a user runs them, and the local Fargate's own end."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fargate.conftest import REPOSITORY, Agent, Kubectl, Local
from tests.fargate.test_agent import pod, running

pytestmark = pytest.mark.fargate


def hardway(agent: Agent, verb: str, folder: Path, **changed: Any) -> tuple[int, Any]:
    """The exit code and the JSON of a verb, with the agent's configuration changed."""
    config = folder / "other.yaml"
    config.write_text(json.dumps({**agent.settings, **changed}))
    done = subprocess.run(
        (
            *(str(REPOSITORY / ".venv/bin/hardway"), "fargate", verb, "-o", "json", "-c", str(config)),
            *("--kubeconfig", str(agent.api.folder / "fargate.kubeconfig")),
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
    )
    return done.returncode, json.loads(done.stdout)


def unmet(told: Any) -> dict[str, str]:
    return {one["what"]: f"{one['why']} {one['remedy']}" for one in told if not one["met"]}


def test_all_is_there(agent: Agent, tmp_path: Path) -> None:
    code, told = hardway(agent, "doctor", tmp_path)
    assert (code, unmet(told)) == (0, {})


LACKS: list[tuple[dict[str, Any], str, str]] = [
    ({"ClusterName": "no"}, "ECS cluster", "aws ecs create-cluster --cluster-name no"),
    ({"Subnets": ["subnet-0dead"]}, "subnets", "subnet-0dead"),
    ({"SecurityGroups": ["sg-0dead"]}, "security groups", "sg-0dead"),
    ({"ExecutionRoleArn": "arn:aws:iam::000000000000:role/no"}, "execution role", "iam:GetRole"),
    ({"CloudWatchLogGroupName": "/no"}, "log group", "aws logs create-log-group --log-group-name /no"),
    ({"NodeAddress": "192.0.2.9"}, "kubelet API", "not for 192.0.2.9"),
    ({"Region": "eu-nowhere-1", "EndpointURL": ""}, "region", "eu-nowhere-1 is no region with ECS"),
]


@pytest.mark.parametrize(("changed", "what", "said"), LACKS)
def test_what_is_missing_is_named_with_what_mends_it(
    agent: Agent, tmp_path: Path, changed: dict[str, Any], what: str, said: str
) -> None:
    code, told = hardway(agent, "doctor", tmp_path, **changed)
    assert code == 1
    assert said in unmet(told)[what]


def test_a_call_that_is_not_allowed_is_named(agent: Agent, local: Local, tmp_path: Path) -> None:
    call = "ec2:DescribeSubnets"
    local.change(faults=[{"call": call, "code": "UnauthorizedOperation", "message": "no", "times": 1}])
    _, told = hardway(agent, "doctor", tmp_path)
    assert f'"Action": "{call}"' in unmet(told)["subnets"]


def test_rights_that_are_missing_are_named(agent: Agent, kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("delete", "clusterrolebinding", "hardway:fargate")
    try:
        _, told = hardway(agent, "doctor", tmp_path)
        assert "patch pods/status" in unmet(told)["rights in the cluster"]
    finally:
        kubectl("apply", "-f", str(REPOSITORY / "docs/fargate/rbac.yaml"))


def test_pods_and_tasks_side_by_side(agent: Agent, kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.apply(pod("paired"))
    address = running(kubectl, "paired")["status"]["podIP"]
    code, (pair,) = hardway(agent, "ps", tmp_path)
    assert code == 0
    assert (pair["pod"], pair["status"], pair["address"]) == ("default/paired", "RUNNING", address)
    assert pair["usd_per_hour"] == pytest.approx(0.25 * 0.04048 + 0.5 * 0.004445)
