"""verify: proves that the cluster works, by the checks of the room `checks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hardway.checks.runner import Row as CheckResult
from hardway.checks.runner import all_passed
from hardway.checks.runner import verify as run_checks
from hardway.checks.subject import Subject
from hardway.machines.transport import Transport, Unreachable
from hardway.operations.access import kubeconfig_path, kubectl_command
from hardway.operations.wanted import wanted
from hardway.operations.world import World

__all__ = ["CheckResult", "all_passed", "verify"]


async def verify(world: World, on_result: Callable[[CheckResult], None]) -> Sequence[CheckResult]:
    """Run every check. Raises Refused where there is no cluster yet."""
    await world.provider.survey(world.cluster)
    if world.provider.expected_facts(world.cluster) is None:
        await world.machines.observe(())  # what the machines are decides what they hold
    return await run_checks(_subject(world), on_row=on_result)


def _subject(world: World) -> Subject:
    async def connect(machine: str) -> Transport:
        transport = await world.machines.transport(machine)
        if transport is None:
            raise Unreachable(machine, "it does not exist")
        return transport

    return Subject(
        cluster=world.cluster,
        wanted=wanted(world.cluster, world.machines.facts, world.provider),
        connect=connect,
        kubeconfig=kubeconfig_path(world),
        kubectl=Path(kubectl_command(world, ())[0]),
        value=world.resolve,
        now=world.now,
    )
