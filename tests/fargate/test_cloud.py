"""The agent's side of AWS, by boto3 over the wire to the local Fargate: done twice is done once, and calls are few."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pytest

from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.cloud import Cloud
from hardway.fargate.faults import AwsRefused
from hardway.fargate.local.account import SECURITY_GROUP, Account
from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.server import LocalAws, serve
from hardway.fargate.mapping import pods
from hardway.fargate.mapping.objects import Objects, Reference
from hardway.fargate.mapping.task import wish
from hardway.fargate.settings import Settings
from hardway.kube.api import Body
from tests.fargate.made import container, pod, settings
from tests.fargate.pretended import PretendedRuntime
from tests.fargate.test_mapping import secret

SECRET: Objects = {Reference("Secret", "s"): secret("s", A="hush")}
MANY = 250


@dataclass
class Bench:
    """Both sides."""

    aws: Aws
    local: LocalAws
    settings: Settings

    def cloud(self) -> Cloud:
        """As after a restart: it knows nothing."""
        return Cloud(self.aws, self.settings)

    async def start(self, cloud: Cloud, of: Body, after: str = "", objects: Objects | None = None) -> str:
        wanted = wish(of, objects or {}, self.settings, "192.0.2.1")
        return await cloud.start(of, wanted, after, 0)


@pytest.fixture(params=["SecretsManager", "SSM"])
async def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    account = Account("000000000000", "us-local-1", {"subnet-0a": IPv4Network("198.18.0.0/16")})
    local = LocalAws(account, PretendedRuntime(), Behaviour(step=0.0, lag=0.0, throttled=False))
    local.ecs.CreateCluster({"clusterName": "blog"})
    listening, stop = socket.create_server(("127.0.0.1", 0)), asyncio.Event()
    serving = asyncio.create_task(serve(local, listening, stop))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    chosen = settings(SecretStore=request.param, EndpointURL=url, SecurityGroups=[SECURITY_GROUP])
    aws = Aws("us-local-1", url)
    yield Bench(aws, local, chosen)
    aws.close()
    stop.set()
    await serving


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if what():
                return
            await asyncio.sleep(0.02)


async def test_a_start_that_is_repeated_gives_the_same_task(bench: Bench) -> None:
    first = await bench.start(bench.cloud(), pod())
    assert await bench.start(bench.cloud(), pod()) == first
    assert bench.local.behaviour.calls["ecs:RegisterTaskDefinition"] == 1
    assert await bench.start(bench.cloud(), pod(), after=first) != first
    assert len(bench.local.ecs.tasks) == 2


async def test_a_task_is_given_the_secret_and_all_of_it_goes_with_the_pod(bench: Bench) -> None:
    of = pod(container(envFrom=[{"secretRef": {"name": "s"}}]))
    cloud = bench.cloud()
    arn = await bench.start(cloud, of, objects=SECRET)
    runtime: Any = bench.local.runtime
    await until(lambda: bool(runtime.started))
    assert runtime.started[0].environment == {"A": "hush"}
    await cloud.stop(arn, "enough")
    again = bench.cloud()
    await again.look_for_leftovers()
    assert again.leftovers == {pods.uid(of)}
    await again.clean(pods.uid(of))
    assert not bench.local.vault.secrets and not bench.local.vault.parameters
    assert not bench.local.ecs.definitions.active_families("")
    assert not again.leftovers


async def test_what_is_gone_is_stopped_without_complaint(bench: Bench) -> None:
    await bench.cloud().stop("arn:aws:ecs:us-local-1:000000000000:task/blog/0000", "enough")


async def test_a_look_at_many_tasks_costs_few_calls_and_stopped_ones_are_not_described_again(bench: Bench) -> None:
    cloud = bench.cloud()
    base = pod()
    for number in range(MANY):
        await bench.start(cloud, {**base, "metadata": {**base["metadata"], "uid": f"{number:036}"}})
    assert len(await cloud.tasks(())) == MANY
    bench.aws.calls.clear()
    await cloud.tasks(())
    assert bench.aws.calls == {"ecs:ListTasks": 4, "ecs:DescribeTasks": 3}
    for arn in list(bench.local.ecs.tasks):
        await cloud.stop(arn, "enough")
    await until(lambda: all(task.status == "STOPPED" for task in bench.local.ecs.tasks.values()))
    await cloud.tasks(())
    bench.aws.calls.clear()
    assert len(await cloud.tasks(())) == MANY
    assert bench.aws.calls == {"ecs:ListTasks": 4}


async def test_tasks_of_others_are_no_concern_of_ours(bench: Bench) -> None:
    await bench.start(bench.cloud(), pod())
    other = bench.settings.model_copy(update={"node_name": "other"})
    assert await Cloud(bench.aws, other).tasks(()) == []


async def test_a_refusal_names_the_call_and_what_is_missing(bench: Bench) -> None:
    bench.local.behaviour.change(
        {"faults": [{"call": "ecs:RunTask", "code": "AccessDeniedException", "message": "no", "times": -1}]}
    )
    with pytest.raises(AwsRefused) as fault:
        await bench.start(bench.cloud(), pod())
    assert (fault.value.operation, fault.value.lasting) == ("ecs:RunTask", False)
    assert '"Action": "ecs:RunTask"' in fault.value.advice
