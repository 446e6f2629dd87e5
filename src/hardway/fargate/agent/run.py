"""Runs the agent until it is told to end: node, lease, pods, tasks, kubelet API."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from hardway.fargate.agent.agent import Agent
from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.kubelet_api import KubeletApi, serve, tls_context
from hardway.fargate.agent.node_keeper import NameTaken, NodeKeeper
from hardway.fargate.faults import FargateFault
from hardway.fargate.settings import Settings
from hardway.kube.api import Access
from hardway.kube.client import KubeClient

Ready = Callable[[], None]


async def run(settings: Settings, kubeconfig: Path, on_ready: Ready) -> None:
    """Until SIGTERM or SIGINT; tasks go on meanwhile. Raises FargateFault, ApiError, ApiUnavailable."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    guard = _only_one_here(settings)
    aws = Aws(settings.region, settings.endpoint)
    try:
        async with KubeClient(Access(kubeconfig)) as client:
            await _run(settings, aws, client, stop, on_ready)
    finally:
        aws.close()
        guard.close()


async def _run(settings: Settings, aws: Aws, client: KubeClient, stop: asyncio.Event, on_ready: Ready) -> None:
    address = settings.node_address or _own_address(client.server)
    agent = Agent(aws, client, settings, address)
    if settings.kubelet_certificate:
        tls_context(settings)
    keeper = NodeKeeper(client, settings, _holder(settings), address, agent.trouble)
    await agent.first_look()
    await keeper.take()
    api = KubeletApi(settings, agent, aws, agent.cluster)
    working = [asyncio.create_task(keeper.run()), asyncio.create_task(agent.run())]
    if settings.kubelet_certificate:
        working.append(asyncio.create_task(serve(api, stop)))
    stopping = asyncio.create_task(stop.wait())
    on_ready()
    try:
        ended, _ = await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for one in ended - {stopping}:
            one.result()
    finally:
        for one in (*working, stopping):
            one.cancel()
        await asyncio.gather(*working, stopping, return_exceptions=True)


def _only_one_here(settings: Settings) -> socket.socket:
    """Holds a name of the kernel's (unix(7), abstract): gone with the process, however that ends. Raises NameTaken."""
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(f"\0hardway-fargate-{settings.node_name}")
    except OSError:
        held.close()
        raise NameTaken(
            f"an agent for node {settings.node_name} runs on this computer already",
            advice="end it, or give this one another NodeName",
        ) from None
    return held


def _holder(settings: Settings) -> str:
    """Who we are on the lease: the same again after a restart on the same computer."""
    return f"{settings.node_name}@{socket.gethostname()}"


def _own_address(server: str) -> str:
    """The address of ours that leads to the API; no packet is sent. Raises FargateFault."""
    parts = urlsplit(server)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_DGRAM)[0]
        with socket.socket(found[0], socket.SOCK_DGRAM) as probe:
            probe.connect(found[4])
            return str(probe.getsockname()[0])
    except OSError as error:
        raise FargateFault(
            f"no address of this computer leads to {server}", str(error), "write NodeAddress into the configuration"
        ) from error
