"""What a port says, against real TLS servers, and the checks that need no more than an API server."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlparse

import httpx
import pytest

from hardway.checks import wire, workload
from hardway.checks.anonymous import anonymous_api
from hardway.checks.api import api_servers, vip
from hardway.checks.check import Wrong
from hardway.checks.kubectl import kubectl
from hardway.checks.leader import leaders
from hardway.checks.nodes import nodes
from hardway.checks.scene import Scene
from hardway.checks.subject import Subject
from hardway.checks.tokens import service_account_token
from hardway.kube.api import Access
from hardway.kube.client import KubeClient
from hardway.machines.transport import Result
from hardway.resources.base import Ref
from hardway.spec.model import Api, Cluster, Machine, Machines, Worker
from tests.kube.conftest import RealApi, api

__all__ = ["api"]

LOOPBACK = IPv4Address("127.0.0.1")


class LocalTransport:
    """This computer in place of a machine: ports as seen from here."""

    machine: str = "here"
    blobs: str | None = None

    async def run(self, script: str, *, stdin: bytes = b"", on_line: Callable[[str], None] | None = None) -> Result:
        raise AssertionError("these checks run nothing")

    async def pipe(
        self, script: str, on_data: Callable[[bytes], None], stdin: AsyncIterator[bytes] | None = None
    ) -> Result:
        raise AssertionError("these checks pipe nothing")

    def hold(self, script: str) -> AbstractAsyncContextManager[str]:
        raise AssertionError("these checks hold nothing")

    async def put(self, source: Path, sha256: str) -> str:
        raise AssertionError("these checks put nothing")

    @asynccontextmanager
    async def forward(self, host: str, port: int) -> AsyncIterator[Path]:
        async with piped(host, port) as socket:
            yield socket

    async def close(self) -> None:
        return None


@asynccontextmanager
async def piped(host: str, port: int) -> AsyncIterator[Path]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection(host, port)
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()
            writer.close()
            tasks.discard(task)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        server = await asyncio.start_unix_server(serve, path)
        try:
            yield path
        finally:
            server.close()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def subject(api: RealApi) -> Subject:
    """The API server on loopback as a cluster of one master and one worker."""
    port = urlparse(api.server).port
    assert port is not None
    machines = Machines(
        masters=(Machine(name="m0", address=LOOPBACK),),
        workers=(Worker(name="w0", address=LOOPBACK),),
        balancers=(),
    )
    cluster = Cluster(name="test", machines=machines, api=Api(address=LOOPBACK, port=port))

    async def connect(_: str) -> LocalTransport:
        return LocalTransport()

    def value(ref: Ref) -> bytes:
        return (api.break_glass.parent / "ca.crt").read_bytes()

    return Subject(cluster, (), connect, api.break_glass, api.kubectl, value, datetime.now(UTC))


@pytest.fixture
async def scene(api: RealApi) -> AsyncIterator[Scene]:
    async with Scene(subject(api)) as scene:
        yield scene


@asynccontextmanager
async def tls_server(tmp_path: Path) -> AsyncIterator[tuple[Path, workload.ServingPair]]:
    pair = workload.serving_pair("space", datetime.now(UTC))
    (tmp_path / "crt").write_bytes(pair.certificate)
    (tmp_path / "key").write_bytes(pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            await writer.drain()
        writer.close()

    path = tmp_path / "s"
    server = await asyncio.start_unix_server(serve, path, ssl=context)
    try:
        yield path, pair
    finally:
        server.close()


async def test_the_certificate_that_a_port_shows(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as (socket, pair):
        shown = await wire.serving_certificate(socket, "10.0.0.10")
    assert shown.split() == pair.certificate.split()


async def test_an_answer_is_verified_and_may_be_a_refusal(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as (socket, pair):
        answer = await wire.get(socket, "https://probe.space.svc/x", pair.authority)
    assert answer == wire.Answer(401, "no")


async def test_an_answer_from_a_stranger_is_refused(tmp_path: Path) -> None:
    other = workload.serving_pair("space", datetime.now(UTC))
    async with tls_server(tmp_path) as (socket, _):
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await wire.get(socket, "https://probe.space.svc/x", other.authority)


@pytest.mark.build
async def test_a_ready_api_server_passes(scene: Scene) -> None:
    assert (await api_servers.run(scene)).passed
    assert (await vip.run(scene)).passed


@pytest.mark.build
async def test_an_api_server_that_is_not_there_fails(api: RealApi) -> None:
    whole = subject(api)
    elsewhere = whole.cluster.model_copy(update={"api": Api(address=LOOPBACK, port=1)})
    async with Scene(replace(whole, cluster=elsewhere)) as scene:
        found = await api_servers.run(scene)
    assert not found.passed
    assert found.evidence.startswith("m0: ")


@pytest.mark.build
async def test_an_api_that_tells_anybody_its_version_fails(scene: Scene) -> None:
    """The fixture's API server has Kubernetes' own default: anonymous requests are let through to the authorizer."""
    found = await anonymous_api.run(scene)
    assert not found.passed
    assert "m0/version: the answer is 200, not 401" in found.evidence
    assert "/readyz" not in found.evidence


@pytest.mark.build
async def test_a_service_accounts_token_is_accepted(scene: Scene, api: RealApi) -> None:
    found = await service_account_token.run(scene)
    assert found.evidence == f"system:serviceaccount:{scene.space}:probe on 1 API server"


@pytest.mark.build
async def test_a_leader_is_seen_to_renew(scene: Scene, api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        for lease in ("kube-controller-manager", "kube-scheduler"):
            await client.apply(_lease(lease, 0))
        looking = asyncio.ensure_future(leaders.run(scene))
        for number in range(1, 100):
            await client.apply(_lease("kube-controller-manager", number))
            await client.apply(_lease("kube-scheduler", number, "stranger_1"))
            if looking.done():
                break
            await asyncio.sleep(0.05)
        found = await looking
    assert found.evidence == "kube-scheduler: its lease is held by stranger_1, which is no master"


def _lease(name: str, number: int, holder: str = "m0_abc") -> workload.Body:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"holderIdentity": holder, "renewTime": f"2030-01-01T00:00:00.{number:06d}Z"},
    }


@pytest.mark.build
async def test_a_worker_that_is_no_node_fails(scene: Scene) -> None:
    found = await nodes.run(scene)
    assert found.evidence == "w0: it is no node"


@pytest.mark.build
async def test_kubectl_is_run_as_the_operator(scene: Scene) -> None:
    assert "kube-system" in await kubectl(scene, "get", "namespaces")
    with pytest.raises(Wrong, match="kubectl get: Error from server"):
        await kubectl(scene, "get", "namespace", "missing")


@pytest.mark.build
async def test_what_a_killed_verify_left_is_taken_away(scene: Scene, api: RealApi) -> None:
    pair = workload.serving_pair("old", datetime.now(UTC))
    async with KubeClient(Access(api.break_glass)) as client:
        await client.apply(workload.webhook("old", "00000000", pair))
        found = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "old")
        await scene.namespace()
        assert await client.get(*found) is not None
        later = replace(scene.subject, now=scene.subject.now + timedelta(hours=1))
        async with Scene(later) as next_scene:
            await next_scene.namespace()
        assert await client.get(*found) is None
