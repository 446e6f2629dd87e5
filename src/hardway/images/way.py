"""The operator's way to the registry of a cluster: through SSH, or straight. Touches the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from hardway.images.faults import ImageFault
from hardway.images.push import Registry
from hardway.machines.transport import Transport
from hardway.pki import names
from hardway.resources.base import Ref
from hardway.spec.addresses import LOOPBACK, registry_writes_port
from hardway.spec.model import Cluster

Connect = Callable[[str], Awaitable[Transport | None]]
"""A connection to a machine of the cluster; None where there is no such machine. Raises Unreachable."""


def require_registry(cluster: Cluster) -> None:
    """Raises ImageFault where the spec has no registry."""
    if cluster.registry.kind == "none":
        raise ImageFault(
            f"cluster {cluster.name} has no registry to push to",
            advice="Write `registry: {kind: lab}` into its spec, then `hardway up`.",
            bad_input=True,
        )


@asynccontextmanager
async def way(cluster: Cluster, connect: Connect, value: Callable[[Ref], bytes | None]) -> AsyncIterator[Registry]:
    """The registry, reachable while the block runs. Raises ImageFault, Unreachable."""
    require_registry(cluster)
    machine = cluster.registry_machine
    if machine is None:
        yield Registry(cluster.registry.url or "")
        return
    authorities = value(names.certificate(names.REGISTRY_CA))
    transport = await connect(machine.name)
    if authorities is None or transport is None:
        raise ImageFault(f"the registry on {machine.name} is not there yet", advice="`hardway up` makes it.")
    port = registry_writes_port(cluster)
    async with transport.forward(LOOPBACK, port) as socket:
        yield Registry(f"https://{LOOPBACK}:{port}", authorities, socket)
