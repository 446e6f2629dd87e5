"""The local Fargate as the stock client sees it: lifecycle, refusals, idempotency; its answers against AWS's models."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any

import pytest
from botocore.parsers import create_parser

from hardway.fargate.local.account import Account
from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.bundle import config, process_arguments, user_of
from hardway.fargate.local.errors import ApiFault
from hardway.fargate.local.images import normal
from hardway.fargate.local.places import FargatePlace
from hardway.fargate.local.runtime import CannotStart, ContainerWish
from hardway.fargate.local.server import LocalAws
from hardway.fargate.local.wire import Call, answer, model
from hardway.lab.places import LabPlace
from tests.fargate.pretended import PretendedRuntime

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a"]}}
ROLE = "arn:aws:iam::000000000000:role/x"


def local_aws() -> LocalAws:
    account = Account("000000000000", "us-local-1", {"subnet-0a": IPv4Network("192.0.2.0/28")})
    made = LocalAws(account, PretendedRuntime(), Behaviour(step=0.01, lag=0.0, throttled=False))
    made.ecs.CreateCluster({"clusterName": "c"})
    return made


def ask(aws: LocalAws, operation: str, service: str = "ecs", **parameters: Any) -> Any:
    """Over the wire and back, parsed by botocore."""
    target = f"{model(service).metadata['targetPrefix']}.{operation}"
    made = aws.respond(target, service, json.dumps(parameters))
    parsed = create_parser("json").parse(
        {"status_code": made.status, "headers": {}, "body": made.body.encode()},
        model(service).operation_model(operation).output_shape,
    )
    if made.status >= 400:
        raise ApiFault(parsed["Error"]["Code"], parsed["Error"]["Message"], made.status)
    return parsed


def definition(*containers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = [{"name": "a", "image": "i", **one} for one in containers or ({},)]
    base = {"family": "f", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": given}
    return {**base, "requiresCompatibilities": ["FARGATE"], **fields}


def run_request() -> dict[str, Any]:
    return {"cluster": "c", "taskDefinition": "f", "launchType": "FARGATE", "networkConfiguration": NETWORK}


def run(aws: LocalAws, *containers: dict[str, Any], token: str = "", **fields: Any) -> str:
    ask(aws, "RegisterTaskDefinition", **definition(*containers, **fields))
    extra = {"clientToken": token} if token else {}
    request = run_request()
    return str(ask(aws, "RunTask", **request, **extra)["tasks"][0]["taskArn"])


async def until(aws: LocalAws, arn: str, *states: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            (task,) = ask(aws, "DescribeTasks", cluster="c", tasks=[arn])["tasks"]
            if task["lastStatus"] in states:
                return dict(task)
            await asyncio.sleep(0.005)


async def test_a_task_lives_through_all_states() -> None:
    aws = local_aws()
    arn = run(aws)
    seen: list[str] = []
    while "RUNNING" not in seen:
        seen = list(dict.fromkeys((*seen, aws.ecs.tasks[arn].status)))
        await asyncio.sleep(0)
    ask(aws, "StopTask", cluster="c", task=arn, reason="enough")
    while "STOPPED" not in seen:
        seen = list(dict.fromkeys((*seen, aws.ecs.tasks[arn].status)))
        await asyncio.sleep(0)
    up, down = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"], ["DEACTIVATING", "STOPPING", "DEPROVISIONING"]
    assert seen in ([*up, *down, "STOPPED"], [*up, "DEACTIVATING", "DEPROVISIONING", "STOPPED"])
    task = await until(aws, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 0
    assert not aws.account.interfaces


async def test_an_essential_container_takes_the_task_with_it() -> None:
    aws = local_aws()
    task = await until(aws, run(aws, {"command": ["exit", "3"]}, {"name": "b"}), "STOPPED")
    assert task["stopCode"] == "EssentialContainerExited"
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"a": 3, "b": 0}


async def test_containers_wait_for_those_that_they_depend_on() -> None:
    aws = local_aws()
    waits = {"name": "b", "dependsOn": [{"containerName": "a", "condition": "SUCCESS"}]}
    arn = run(aws, {"essential": False, "command": ["exit", "0"]}, waits)
    await until(aws, arn, "RUNNING")
    failing = run(aws, {"essential": False, "command": ["exit", "1"]}, waits)
    task = await until(aws, failing, "STOPPED")
    assert "exitCode" not in task["containers"][1]
    await aws.ecs.close()


async def test_a_stubborn_container_is_killed_after_its_stop_timeout() -> None:
    aws = local_aws()
    arn = run(aws, {"command": ["stubborn"], "stopTimeout": 1})
    await until(aws, arn, "RUNNING")
    ask(aws, "StopTask", cluster="c", task=arn)
    assert (await until(aws, arn, "STOPPED"))["containers"][0]["exitCode"] == 137


async def test_an_image_that_is_missing() -> None:
    aws = local_aws()
    task = await until(aws, run(aws, {"image": "missing"}), "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in task["stoppedReason"]


async def test_secrets_are_given_by_key_and_by_parameter() -> None:
    aws = local_aws()
    arn = aws.vault.CreateSecret({"Name": "s", "SecretString": '{"k": "v"}'})["ARN"]
    aws.vault.PutParameter({"Name": "/p", "Value": "w", "Type": "SecureString"})
    assert [aws.vault.value(one) for one in (f"{arn}:k::", "/p", arn)] == ["v", "w", '{"k": "v"}']
    secrets = [{"name": "A", "valueFrom": f"{arn}:no::"}]
    task = await until(aws, run(aws, {"secrets": secrets}, executionRoleArn=ROLE), "STOPPED")
    assert "unable to pull secrets" in task["stoppedReason"]


async def test_a_client_token_makes_one_task_and_no_other_request() -> None:
    aws = local_aws()
    arn = run(aws, token="t")
    request = run_request()
    assert ask(aws, "RunTask", **request, clientToken="t")["tasks"][0]["taskArn"] == arn
    with pytest.raises(ApiFault, match="ConflictException"):
        ask(aws, "RunTask", **request, clientToken="t", count=2)
    await aws.ecs.close()


async def test_new_tasks_are_not_told_of_at_once() -> None:
    aws = local_aws()
    aws.behaviour.lag = 3600
    arn = run(aws)
    answered = ask(aws, "DescribeTasks", cluster="c", tasks=[arn])
    assert (answered["tasks"], answered["failures"][0]["reason"]) == ([], "MISSING")
    await aws.ecs.close()


REFUSED: list[tuple[dict[str, Any], str]] = [
    (definition(cpu="256", memory="4096"), "No Fargate configuration"),
    (definition(cpu="300"), "No Fargate configuration"),
    (definition(networkMode="bridge"), "network mode"),
    (definition({"privileged": True}), "privileged"),
    (definition({"secrets": [{"name": "A", "valueFrom": "x"}]}), "execution role"),
    (definition({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}), "Unknown volume"),
    (definition({"environment": [{"name": "A", "value": "x" * 66_000}]}), "64 KiB"),
    (definition({"portMappings": [{"containerPort": 80, "hostPort": 81}]}), "must match"),
    (definition({"essential": False}), "essential"),
    (definition({"image": 3}), "Invalid type"),
    (definition({"nonsense": 3}), "Unknown parameter"),
]


@pytest.mark.parametrize(("request_body", "said"), REFUSED)
async def test_task_definitions_that_are_refused(request_body: dict[str, Any], said: str) -> None:
    with pytest.raises(ApiFault, match=said):
        ask(local_aws(), "RegisterTaskDefinition", **request_body)


async def test_calls_are_throttled_and_faults_are_shown_on_demand() -> None:
    aws = local_aws()
    aws.behaviour.throttled = True
    with pytest.raises(ApiFault, match="Rate exceeded"):
        for _ in range(200):
            ask(aws, "ListTasks", cluster="c")
    aws.behaviour.change({"faults": [{"call": "ecs:RunTask", "code": "AccessDeniedException", "message": "no"}]})
    with pytest.raises(ApiFault, match="AccessDenied"):
        run(aws)
    assert run(aws)
    await aws.ecs.close()


async def test_started_by_stands_alone_as_a_filter() -> None:
    with pytest.raises(ApiFault, match="only filter"):
        ask(local_aws(), "ListTasks", cluster="c", startedBy="x", desiredStatus="STOPPED")


async def test_logs_are_read_by_pages_to_an_end_that_repeats() -> None:
    aws = local_aws()
    aws.logs.CreateLogGroup({"logGroupName": "g"})
    for number in range(5):
        aws.logs.write("g", "s", f"line {number}")
    where = {"logGroupName": "g", "logStreamName": "s"}
    first = ask(aws, "GetLogEvents", "logs", **where, startFromHead=True, limit=3)
    second = ask(aws, "GetLogEvents", "logs", **where, nextToken=first["nextForwardToken"])
    third = ask(aws, "GetLogEvents", "logs", **where, nextToken=second["nextForwardToken"])
    assert [len(one["events"]) for one in (first, second, third)] == [3, 2, 0]
    assert third["nextForwardToken"] == second["nextForwardToken"]
    assert [one["message"] for one in ask(aws, "GetLogEvents", "logs", **where, limit=1)["events"]] == ["line 4"]


NONCONFORMING: list[dict[str, Any]] = [
    {"tasks": [{"taskARN": "x"}]},
    {"tasks": [{"createdAt": "today"}]},
    {"tasks": [{"containers": [{"exitCode": "0"}]}]},
    {"tasks": [{"stopCode": "Whim"}]},
    {"tasks": {}},
]


@pytest.mark.parametrize("result", NONCONFORMING)
def test_an_answer_that_aws_could_not_give_is_not_given(result: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot answer this"):
        answer(Call("ecs", "DescribeTasks", {}), result)
    assert answer(Call("ecs", "DescribeTasks", {}), {"tasks": [{"createdAt": datetime.now(UTC)}]}).status == 200


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("httpd", "docker.io/library/httpd:latest"),
        ("httpd:2", "docker.io/library/httpd:2"),
        ("me/app", "docker.io/me/app:latest"),
        ("reg.example/app:1", "reg.example/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
    ],
)
def test_names_of_images(given: str, full: str) -> None:
    assert normal(given) == full


def wish(**fields: Any) -> ContainerWish:
    base: dict[str, Any] = {"id": "i", "task": "t" * 32, "image": "i", "entry_point": (), "command": (), "volumes": ()}
    more: dict[str, Any] = {"environment": {}, "directory": "", "user": "", "memory": 512, "cpu": 0, "read_only": False}
    return ContainerWish(**{**base, **more, "added": (), "dropped": (), **fields})


def test_a_containers_words_are_the_tasks_over_the_images() -> None:
    image = {"Entrypoint": ["/e"], "Cmd": ["c"]}
    assert process_arguments(wish(), image) == ["/e", "c"]
    assert process_arguments(wish(command=["x"]), image) == ["/e", "x"]
    assert process_arguments(wish(entry_point=["/o"]), image) == ["/o"]
    with pytest.raises(CannotStart):
        process_arguments(wish(), {})


def test_users_are_looked_up_in_the_image() -> None:
    passwd, group = "root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n", "root:x:0:\nstaff:x:50:\n"
    found = [user_of(one, passwd, group) for one in ("web", "33", "1000", "web:staff", "0")]
    assert found == [(33, 44), (33, 44), (1000, 0), (33, 50), (0, 0)]
    with pytest.raises(CannotStart):
        user_of("nobody", passwd, group)


def test_capabilities_are_dropped_and_added() -> None:
    made = config(
        wish(dropped=("ALL",), added=("SYS_PTRACE",)),
        {"Cmd": ["c"]},
        root="r",
        user=(0, 0),
        namespace="/n",
        cgroup="/c",
        binds=(),
    )
    assert made["process"]["capabilities"]["bounding"] == ["CAP_SYS_PTRACE"]


def test_no_lab_and_no_cloud_takes_its_things_for_their_own() -> None:
    title = FargatePlace("a").task_title("b" * 32)
    assert not LabPlace("fargate").owns(title) and not LabPlace("a").owns(title)
    assert FargatePlace("a").owns(title) and not FargatePlace("b").owns(title)
