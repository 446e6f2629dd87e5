"""plan, up and down against a real API server: what is made, kept and taken away, and what of others is left alone.

There are no controllers: a task plays those that the tests wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from types import SimpleNamespace
from typing import cast

import pytest

from hardway.components.layout import KUBECONFIG
from hardway.compose.cluster import client_of
from hardway.compose.converting.convert import Converted, convert
from hardway.compose.faults import ComposeFaults
from hardway.compose.operations import down, proposal, up
from hardway.compose.status import ps
from hardway.engine.apply import ApplyFailed
from hardway.engine.handler import StepFailed
from hardway.kube.api import ApiError, Body
from hardway.kube.client import KubeClient
from hardway.operations.look import Picture
from hardway.operations.up import Declined, Refused
from hardway.operations.world import World
from hardway.plan.steps import Step
from tests.compose.projects import converted, read
from tests.compose.test_shapes import FILES, SHAPES
from tests.kube.conftest import RealApi, api

__all__ = ["api"]

pytestmark = pytest.mark.build

SHOP = """
name: shop
services:
  web:
    image: nginx:1
    ports: ["80:80"]
    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}
  db:
    image: mysql:8
    environment: {MYSQL_ROOT_PASSWORD: hidden}
    volumes: ["data:/var/lib/mysql"]
    healthcheck: {test: [CMD, ping]}
  migrate: {image: "app:1", depends_on: [db]}
volumes: {data: }
"""

WORKERS = (SimpleNamespace(name="w0", address="203.0.113.20"),)
WORKLOADS = (("apps/v1", "Deployment"), ("batch/v1", "Job"))
INSIDE = ("ConfigMap", "Secret", "Service", "PersistentVolumeClaim")


@dataclass
class Watcher:
    """Keeps the order in which steps were begun."""

    begun: list[str] = field(default_factory=list)

    def started(self, step: Step) -> None:
        self.begun.append(step.resource.name)

    def waiting(self, step_id: str, what: str) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, failure: StepFailed) -> None: ...


@pytest.fixture
async def client(api: RealApi) -> AsyncIterator[KubeClient]:
    async with client_of(api.break_glass) as client:
        playing = asyncio.create_task(_play(client))
        await _storage_class(client, default=True)
        yield client
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing


@pytest.fixture
def world(api: RealApi, tmp_path: Path) -> World:
    for file in api.break_glass.parent.iterdir():
        if file.suffix in (".crt", ".key"):
            copy(file, tmp_path)
    copy(api.break_glass, tmp_path / KUBECONFIG)
    state = SimpleNamespace(path=tmp_path, journal=tmp_path / "journal.sqlite")
    cluster = SimpleNamespace(name="demo", workers=WORKERS)
    return cast("World", SimpleNamespace(state=state, cluster=cluster, resolve=lambda ref: b""))


async def _play(client: KubeClient) -> None:
    """The controllers of Deployments, Jobs and namespaces, as far as anybody waits for them here."""
    while True:
        for version, kind in WORKLOADS:
            for body in await client.list(version, kind, labels="app.kubernetes.io/managed-by=hardway-compose"):
                await _ready(client, body)
        for space in await client.list("v1", "Namespace"):
            if space["metadata"].get("deletionTimestamp"):
                await _finalize(client, space)
        await asyncio.sleep(0.02)


async def _ready(client: KubeClient, body: Body) -> None:
    meta = body["metadata"]
    if body["kind"] == "Deployment":
        count = body["spec"]["replicas"]
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), count)
        status: Body = {"observedGeneration": meta["generation"], **counts}
    elif "broken" in body["spec"]["template"]["spec"]["containers"][0]["image"]:
        now = "2026-01-01T00:00:00Z"
        fault = {"status": "True", "lastTransitionTime": now, "message": "it is broken"}
        lost = [{"type": one, **fault} for one in ("FailureTarget", "Failed")]
        status = {"conditions": lost, "startTime": now, "failed": 1}
    else:
        now = "2026-01-01T00:00:00Z"
        done = [
            {"type": one, "status": "True", "lastTransitionTime": now} for one in ("SuccessCriteriaMet", "Complete")
        ]
        status = {"conditions": done, "startTime": now, "completionTime": now, "succeeded": 1}
    path = await client.path(body["apiVersion"], body["kind"], meta["name"], meta["namespace"])
    await client.request("PATCH", f"{path}/status", {"status": status}, None, "application/merge-patch+json")


async def _finalize(client: KubeClient, space: Body) -> None:
    name = space["metadata"]["name"]
    for kind in INSIDE:
        for body in await client.list("v1", kind, name):
            await _let_go(client, kind, body["metadata"]["name"], name)
            await client.delete("v1", kind, body["metadata"]["name"], name)
    body = {**space, "spec": {"finalizers": []}}
    await client.request("PUT", f"/api/v1/namespaces/{name}/finalize", body)


async def _let_go(client: KubeClient, kind: str, name: str, namespace: str) -> None:
    path = await client.path("v1", kind, name, namespace)
    await client.request("PATCH", path, {"metadata": {"finalizers": None}}, None, "application/merge-patch+json")


async def _storage_class(client: KubeClient, *, default: bool) -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true" if default else "false"}
    meta = {"name": "local", "annotations": annotations}
    await client.apply(
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta, "provisioner": "example/none"}
    )


async def run_up(world: World, project: Converted, name: str = "shop") -> tuple[int, list[str]]:
    watcher = Watcher()
    done = await up(world, project, name, watcher, lambda picture: True, asyncio.Event())
    return done.steps, watcher.begun


async def run_down(world: World, *, volumes: bool = False, name: str = "shop") -> int:
    done = await down(world, name, name, Watcher(), lambda picture: True, asyncio.Event(), volumes=volumes)
    return done.steps


async def names(client: KubeClient, kind: str, version: str = "v1", namespace: str = "shop") -> set[str]:
    """Of the project's objects, and others' in its namespace but the cluster's own."""
    found = await client.list(version, kind, namespace)
    return {body["metadata"]["name"] for body in found} - {"kube-root-ca.crt"}


async def test_up_makes_everything_in_order_and_twice_changes_nothing(world: World, client: KubeClient) -> None:
    project = converted(SHOP)
    steps, begun = await run_up(world, project)
    assert steps == len(begun) == 13
    job = next(one for one in begun if one.startswith("batch/v1/Job/"))
    order = [
        "v1/Namespace//shop",
        "v1/Service/shop/web",
        "apps/v1/Deployment/shop/db",
        "Deployment/db Rolled",
        "apps/v1/Deployment/shop/web",
        "Deployment/web Rolled",
    ]
    assert [one for one in begun if one in order] == order
    assert begun.index(job) < begun.index("apps/v1/Deployment/shop/web")
    assert (await proposal(world, project, "shop")).plan.steps == ()
    assert await run_up(world, project) == (0, [])
    await run_down(world, volumes=True)


async def test_what_is_changed_is_changed_and_what_is_gone_is_removed(world: World, client: KubeClient) -> None:
    await run_up(world, converted(SHOP))
    changed = converted(SHOP.replace("nginx:1", "nginx:2").replace('    ports: ["80:80"]\n', ""))
    plan = (await proposal(world, changed, "shop")).plan
    told = {(step.action.value, step.resource.name) for step in plan.steps}
    assert ("change", "apps/v1/Deployment/shop/web") in told
    assert ("remove", "v1/Service/shop/web-published") in told
    assert ("change", "v1/Service/shop/web") in told  # it has no ports any more, and so no address of its own
    assert len(told) == 3
    await run_up(world, changed)
    assert await names(client, "Service") == {"web", "db", "migrate"}
    assert (await proposal(world, changed, "shop")).plan.steps == ()
    await run_down(world, volumes=True)


async def test_down_keeps_volumes_until_they_are_named(world: World, client: KubeClient) -> None:
    await run_up(world, converted(SHOP))
    await run_down(world)
    assert await names(client, "PersistentVolumeClaim") == {"data"}
    assert not await names(client, "Secret") | await names(client, "Service")
    assert not await names(client, "Deployment", "apps/v1")
    assert await run_down(world) == 0
    await run_up(world, converted(SHOP))
    assert await names(client, "PersistentVolumeClaim") == {"data"}
    await run_down(world, volumes=True)
    assert await client.get("v1", "Namespace", "shop") is None


async def test_without_volumes_nothing_is_left(world: World, client: KubeClient) -> None:
    project = converted("name: shop\nservices: {web: {image: i}}")
    await run_up(world, project)
    await run_down(world)
    assert await client.get("v1", "Namespace", "shop") is None


async def test_a_volume_that_the_file_has_no_more_is_kept(world: World, client: KubeClient) -> None:
    await run_up(world, converted(SHOP))
    without = converted("name: shop\nservices: {web: {image: i}}")
    removed = {step.resource.name for step in (await proposal(world, without, "shop")).plan.steps}
    assert not any("PersistentVolumeClaim" in one or "Namespace" in one for one in removed)
    await run_up(world, without)
    assert await names(client, "PersistentVolumeClaim") == {"data"}
    await run_down(world, volumes=True)


async def test_what_is_others_is_not_touched(world: World, client: KubeClient) -> None:
    theirs: Sequence[Body] = (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": "shop"},
            "data": {"a": "1"},
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "default"}},
    )
    await run_up(world, converted(SHOP))
    for body in theirs:
        await client.create(body)
    await run_down(world)
    assert await names(client, "ConfigMap") == {"theirs"}
    assert "web" in await names(client, "ConfigMap", namespace="default")
    await client.delete("v1", "ConfigMap", "web", "default")
    await run_down(world, volumes=True)


async def test_a_namespace_of_others_is_refused(world: World, client: KubeClient) -> None:
    with suppress(ApiError):
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "taken"}})
    project = converted("name: taken\nservices: {web: {image: i}}")
    with pytest.raises(Refused, match="v1/Namespace//taken is there, and is none of this project's"):
        await run_up(world, project, "taken")
    assert not await names(client, "Service", namespace="taken")
    assert await run_down(world, volumes=True, name="taken") == 0
    assert await client.get("v1", "Namespace", "taken") is not None


async def test_the_clusters_own_look_does_not_see_a_project(world: World, client: KubeClient) -> None:
    from hardway.kube.handler import KubeHandler

    await run_up(world, converted(SHOP))
    path = world.state.path / KUBECONFIG
    seen = await KubeHandler(lambda: path).observe(())
    assert not [one for one in seen if "shop" in one]
    await run_down(world, volumes=True)


@pytest.mark.parametrize(
    ("volume", "says"),
    [
        ("", "needs a StorageClass, and the cluster has no default one"),
        ("x-hardway: {class: fast}", "asks for StorageClass fast, and there is none of that name"),
        ("external: true", "is external, and no PersistentVolumeClaim of that name is there"),
    ],
)
async def test_what_volumes_need_is_looked_for_before_anything_is_made(
    world: World, client: KubeClient, volume: str, says: str
) -> None:
    await _storage_class(client, default=False)
    project = converted(f"name: shop\nservices: {{web: {{image: i, volumes: ['d:/d']}}}}\nvolumes: {{d: {{{volume}}}}}")
    with pytest.raises(Refused, match=says):
        await run_up(world, project)
    assert await client.get("v1", "Namespace", "shop") is None


async def test_a_job_that_fails_is_told_at_once_and_tried_again(world: World, client: KubeClient) -> None:
    broken = SHOP.replace('"app:1"', '"broken:1"')
    project = converted(broken)
    with pytest.raises(ApplyFailed, match="Complete will not come true: it is broken"):
        await run_up(world, project)
    steps = (await proposal(world, project, "shop")).plan.steps
    jobs = [step for step in steps if "/Job/" in step.resource.name]
    assert [step.reason for step in jobs] == ["drift is it has failed, and is made anew, shall be none"]
    before = await client.list("batch/v1", "Job", "shop")
    with pytest.raises(ApplyFailed):
        await run_up(world, project)
    after = await client.list("batch/v1", "Job", "shop")
    assert before[0]["metadata"]["uid"] != after[0]["metadata"]["uid"]
    await run_down(world, volumes=True)


async def test_no_is_no(world: World, client: KubeClient) -> None:
    def no(picture: Picture) -> bool:
        return False

    with pytest.raises(Declined):
        await up(world, converted(SHOP), "shop", Watcher(), no, asyncio.Event())
    assert await client.get("v1", "Namespace", "shop") is None


async def test_ps_shows_what_runs_and_where_it_answers(world: World, client: KubeClient) -> None:
    await run_up(world, converted(SHOP))
    found = await ps(world, "shop", "shop")
    assert found.addresses == ("203.0.113.20",)
    running = {one.service: one for one in found.services}
    assert {name: (one.kind, one.ready, one.wanted) for name, one in running.items()} == {
        "web": ("Deployment", 1, 1),
        "db": ("Deployment", 1, 1),
        "migrate": ("Job", 1, 1),
    }
    service = await client.get("v1", "Service", "web-published", "shop")
    assert service is not None
    assert running["web"].ports == (f"80 at :{service['spec']['ports'][0]['nodePort']}",)
    await run_down(world, volumes=True)


async def test_the_api_takes_every_shape_that_is_not_refused(world: World, client: KubeClient) -> None:
    """A dry run of each object, as strictly as the API validates; unknown fields would be refused too."""
    taken = 0
    for path in sorted(SHAPES.glob("*.yaml")):
        try:
            project = convert(read(path.read_text(), files=FILES, env={"TOKEN": "t"}, name="shape").project)
        except ComposeFaults:
            continue
        if project.refused:
            continue
        taken += 1
        await client.apply(project.namespace)
        for body in project.bodies():
            await client.apply(body, dry_run=True)
    assert taken > 15
    await client.delete("v1", "Namespace", "shape")
