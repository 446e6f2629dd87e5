"""A cloud on this computer, and the check of any cloud, behind the command line's doors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardway.cli.doors import CloudState, Report
    from hardway.cloud.check.report import CloudReport


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


def check_cloud(
    cloud: str | None, *, neutron_conf: Path | None, horizon: str, proofs: bool, report: Report
) -> CloudReport:
    """What an OpenStack has, whether it works, and what is amiss. Raises BadCloud, CloudUnreachable."""
    from hardway.cloud.check.connect import open_cloud
    from hardway.cloud.check.registry import SERVICES
    from hardway.cloud.check.runner import check

    return check(open_cloud(cloud, horizon), SERVICES, neutron_conf=neutron_conf, proofs=proofs, report=report)
