"""The one place that knows all rooms: which providers, sources and checks there are, and who carries out what.

Rooms are imported when they are first needed, so that help is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardway.cli.doors import CachedProgram, CloudState, FargatePod, LabMachine, LocalFargate, Need, Report
    from hardway.cloud.check.report import CloudReport
    from hardway.fargate.local.operations import LocalState
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

    from hardway.components.layout import BREAK_GLASS_KUBECONFIG, KUBECONFIG
    from hardway.kube.handler import KubeHandler
    from hardway.machines.provider import Operator
    from hardway.operations.world import World
    from hardway.state.directory import StateDirectory, existing_state, location, open_state
    from hardway.state.lock import locked as lock
    from hardway.state.vault import Vault

    cluster = load_cluster(spec)
    now = datetime.now(UTC)
    async with AsyncExitStack() as stack:
        unmade = StateDirectory(location(spec, cluster.name), cluster.name, cluster_id="")
        state = existing_state(spec, cluster.name) or unmade
        if locked:
            state = open_state(spec, cluster.name)
            stack.enter_context(lock(state.lock, command, now))
            stack.callback(state.remove_unused)
        vault = Vault(state)
        operator = Operator(state.cluster_id, state.path, vault.value)
        provider = providers()[cluster.machines.provider](operator)
        world = World(
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
        stack.push_async_callback(world.close)
        yield world


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


@contextmanager
def _held(spec: Path, command: str) -> Iterator[None]:
    """Holds the cluster's state, where it has one, against a run that works on the same machines. Raises StateFault."""
    from datetime import UTC, datetime

    from hardway.state.directory import existing_state
    from hardway.state.lock import locked

    state = existing_state(spec, load_cluster(spec).name)
    with locked(state.lock, command, datetime.now(UTC)) if state else nullcontext():
        yield


class Lab:
    """The lab behind the command line's door.

    `up` and `down` wait for nobody and refuse to meddle with a run; a power cut (`kill`) asks nobody, and starting what
    is off does no harm.
    """

    async def up(self, spec: Path, report: Report) -> Sequence[LabMachine]:
        from hardway.lab import operations

        with _held(spec, "lab up"):
            await operations.up(load_cluster(spec), report)
        return await self.status(spec)

    async def down(self, spec: Path, report: Report) -> None:
        from hardway.lab import operations

        with _held(spec, "lab down"):
            await operations.down(load_cluster(spec))

    async def status(self, spec: Path) -> Sequence[LabMachine]:
        from hardway.cli.doors import LabMachine
        from hardway.lab import operations

        state = await operations.status(load_cluster(spec))
        return [LabMachine(one.name, one.address, one.state) for one in state.machines]

    async def exec(self, spec: Path, machine: str, command: Sequence[str]) -> int:
        return await _in_foreground(spec, machine, command)

    async def shell(self, spec: Path, machine: str) -> int:
        return await _in_foreground(spec, machine, ())

    async def kill(self, spec: Path, machine: str) -> None:
        from hardway.lab import operations

        await operations.kill(load_cluster(spec), machine)

    async def start(self, spec: Path, machine: str) -> None:
        from hardway.lab import operations

        await operations.start(load_cluster(spec), machine)

    async def doctor(self, *, install: bool, report: Report) -> Sequence[Need]:
        from hardway.cli.doors import Need
        from hardway.lab import doctor

        if install:
            await doctor.install(report)
        return [Need(one.what, one.met, one.why, one.remedy) for one in await doctor.examine()]


async def _in_foreground(spec: Path, machine: str, command: Sequence[str]) -> int:
    """A command on a machine with this process's own streams."""
    from hardway.lab import operations
    from hardway.lab.commands import in_foreground

    return await in_foreground(operations.ssh_command(load_cluster(spec), machine, command))


class Cloud:
    """A cloud on this computer behind the command line's door."""

    async def up(self, name: str, chassis: int | None, report: Report) -> CloudState:
        from hardway.cloud import operations

        await operations.up(name, chassis, report)
        return await self.status(name)

    async def down(self, name: str, keep_data: bool) -> None:
        from hardway.cloud import operations

        await (operations.stop if keep_data else operations.down)(name)

    async def status(self, name: str) -> CloudState:
        from hardway.cli.doors import CloudPart, CloudState
        from hardway.cloud.status import status

        seen = await status(name)
        parts = (CloudPart(one.name, one.state, one.version, one.endpoint, one.restarts) for one in seen.parts)
        return CloudState(seen.name, seen.state, seen.chassis, tuple(parts))

    def environment(self, name: str) -> Mapping[str, str]:
        from hardway.cloud.operations import client_environment

        return client_environment(name)

    def openstack_command(self, name: str, arguments: Sequence[str], admin: bool) -> Sequence[str]:
        from hardway.cloud.operations import client_command

        return client_command(name, arguments, admin)

    def log_command(self, name: str, service: str, lines: int, follow: bool) -> Sequence[str]:
        from hardway.cloud.operations import log_command

        return log_command(name, service, lines, follow)


class Fargate:
    """A node over AWS Fargate, and the local Fargate, behind the command line's door."""

    async def run(self, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> None:
        from hardway.fargate import operations

        await operations.run(operations.Options(config, kubeconfig, sysconfig))

    async def doctor(self, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> Sequence[Need]:
        from hardway.cli.doors import Need
        from hardway.fargate import operations

        found = await operations.doctor(operations.Options(config, kubeconfig, sysconfig))
        return [Need(one.what, one.met, one.why, one.remedy) for one in found]

    async def ps(self, config: Path | None, kubeconfig: Path | None, sysconfig: Path | None) -> Sequence[FargatePod]:
        from dataclasses import asdict

        from hardway.cli.doors import FargatePod
        from hardway.fargate import operations

        found = await operations.ps(operations.Options(config, kubeconfig, sysconfig))
        return [FargatePod(**asdict(one)) for one in found]

    async def local_up(self, name: str, images: Sequence[Path], lab: str, report: Report) -> LocalFargate:
        from hardway.fargate.operations import check_extra

        check_extra()
        from hardway.fargate.local import operations

        return _local_fargate(await operations.up(name, images, lab, report))

    async def local_status(self, name: str) -> LocalFargate:
        from hardway.fargate.local import operations

        return _local_fargate(await operations.status(name))

    async def local_down(self, name: str) -> None:
        from hardway.fargate.local import operations

        await operations.down(name)

    def local_config(self, name: str) -> str:
        from hardway.fargate.local import operations

        return operations.configuration(name)


def _local_fargate(state: LocalState) -> LocalFargate:
    from hardway.cli.doors import LocalFargate, LocalTask

    tasks = (LocalTask(one.id, one.family, one.status, one.address, one.containers) for one in state.tasks)
    return LocalFargate(state.name, state.state, state.url, tuple(tasks))


async def programs(spec: Path | None, report: Report) -> Sequence[CachedProgram]:
    """Bring everything that a cluster needs into the cache."""
    from hardway.cli.doors import CachedProgram
    from hardway.machines.provider import Operator
    from hardway.operations.programs import obtain
    from hardway.spec.model import Cluster

    cluster = load_cluster(spec) if spec else Cluster(name="any")
    provider = providers()[cluster.machines.provider](Operator())
    found = await obtain(cluster, provider, store(cluster), report)
    return [CachedProgram(one.name, one.version, one.size, one.sha256) for one in found]


def check_cloud(
    cloud: str | None, *, neutron_conf: Path | None, horizon: str, proofs: bool, report: Report
) -> CloudReport:
    """What an OpenStack has, whether it works, and what is amiss. Raises BadCloud, CloudUnreachable."""
    from hardway.cloud.check.connect import open_cloud
    from hardway.cloud.check.registry import SERVICES
    from hardway.cloud.check.runner import check

    return check(open_cloud(cloud, horizon), SERVICES, neutron_conf=neutron_conf, proofs=proofs, report=report)


def main() -> None:
    """The command `hardway`."""
    from hardway.cli import operations
    from hardway.cli.doors import Doors
    from hardway.cli.main import run

    # Secrets are given their modes one by one; a stricter umask would lock service users out of machines' disks.
    os.umask(0o022)
    doors = Doors(open_world, Lab(), programs, operations, Cloud(), check_cloud=check_cloud, fargate=Fargate())
    sys.exit(run(doors, sys.argv[1:]))
