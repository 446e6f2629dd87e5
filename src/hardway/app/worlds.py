"""Opens a cluster: which providers, balancers and sources there are, and who carries out what on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from hardway.machines.handler import MachineHandler
    from hardway.machines.provider import Operator, Provider
    from hardway.machines.transport import Transport
    from hardway.operations.world import World
    from hardway.sources.store import Store
    from hardway.spec.kinds import Kinds
    from hardway.spec.model import Cluster
    from hardway.state.directory import StateDirectory


def providers() -> Mapping[str, Callable[[Operator], Provider]]:
    """Who provides machines, by the spec's machines.provider."""
    from hardway.lab.provider import LabProvider
    from hardway.openstack.provider import OpenStackProvider

    return {LabProvider.kind: lambda _: LabProvider(), OpenStackProvider.kind: OpenStackProvider}


def kinds() -> Kinds:
    """What the spec may name."""
    from hardway.components.registry import BALANCERS
    from hardway.sources.store import KINDS
    from hardway.spec.kinds import Kinds

    return Kinds(providers=frozenset(providers()), balancers=frozenset(BALANCERS), sources=frozenset(KINDS))


def load_cluster(spec: Path) -> Cluster:
    """The spec as a value. Raises SpecFaults."""
    from hardway.spec.load import load

    return load(spec, kinds())


def store(cluster: Cluster) -> Store:
    """Where the cluster's programs and images come from."""
    from hardway.sources.store import Store

    return Store(kind=cluster.sources.kind, mirror=cluster.sources.mirror)


@asynccontextmanager
async def open_world(spec: Path, *, locked: bool, command: str) -> AsyncGenerator[World]:
    """A cluster by its spec; `locked` makes its state directory and holds it. Raises SpecFaults, StateFault.

    A state directory in which nothing was kept meanwhile is taken away again.
    """
    from datetime import UTC, datetime

    cluster = load_cluster(spec)
    now = datetime.now(UTC)
    with _state(spec, cluster, command if locked else None, now) as state:
        world = _world(spec, cluster, state, now)
        try:
            yield world
        finally:
            await world.close()


@contextmanager
def _state(spec: Path, cluster: Cluster, holder: str | None, now: datetime) -> Iterator[StateDirectory]:
    """The cluster's state directory: made and held by the `holder`, or only read, if it is there. Raises StateFault."""
    from hardway.state.directory import StateDirectory, existing_state, location, open_state
    from hardway.state.lock import locked

    if holder is None:
        unmade = StateDirectory(location(spec, cluster.name), cluster.name, cluster_id="")
        yield existing_state(spec, cluster.name) or unmade
        return
    state = open_state(spec, cluster.name)
    with locked(state.lock, holder, now):
        try:
            yield state
        finally:
            state.remove_unused()


def _world(spec: Path, cluster: Cluster, state: StateDirectory, now: datetime) -> World:
    from hardway.components.layout import BREAK_GLASS_KUBECONFIG, KUBECONFIG
    from hardway.kube.handler import KubeHandler
    from hardway.machines.provider import Operator
    from hardway.operations.world import World
    from hardway.state.vault import Vault

    vault = Vault(state)
    provider = providers()[cluster.machines.provider](Operator(state.cluster_id, state.path, vault.value))
    return World(
        cluster=cluster,
        spec=spec,
        state=state,
        vault=vault,
        store=store(cluster),
        provider=provider,
        provider_handlers=provider.handlers(cluster),
        machines=_machines(cluster, state, provider),
        kube=KubeHandler(_existing(state, KUBECONFIG), _existing(state, BREAK_GLASS_KUBECONFIG)),
        now=now,
    )


def _existing(state: StateDirectory, name: str) -> Callable[[], Path | None]:
    def path() -> Path | None:
        file = state.path / name
        return file if file.exists() else None

    return path


def _machines(cluster: Cluster, state: StateDirectory, provider: Provider) -> MachineHandler:
    from hardway.machines.handler import MachineHandler
    from hardway.machines.ssh import connect

    async def reach(machine: str) -> Transport | None:
        endpoint = await provider.endpoint(cluster, machine)
        return await connect(endpoint) if endpoint else None

    addresses = {machine.name: str(machine.address) for machine in cluster.all_machines}
    return MachineHandler(reach, state.cluster_id, addresses, addresses=addresses)
