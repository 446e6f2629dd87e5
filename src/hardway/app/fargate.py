"""A node over AWS Fargate, and a Fargate on this computer, behind the command line's door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardway.cli.doors import FargatePod, LocalFargate, Need, Report
    from hardway.fargate.local.operations import LocalState


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
