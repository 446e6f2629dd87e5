"""down: the plan with nothing wanted, then proof that nothing is left."""

from __future__ import annotations

import asyncio
from time import monotonic

from hardway.engine.apply import Watcher
from hardway.engine.journal import Journal
from hardway.operations.look import look
from hardway.operations.merging import entry_name, withdraw_kubeconfig
from hardway.operations.up import Confirm, Declined, Done, NotGone, run_plan
from hardway.operations.world import World


async def down(world: World, watcher: Watcher, confirm: Confirm, stop: asyncio.Event | None = None) -> Done:
    """Take the cluster away and its state with it. Raises NotGone where something is left, Declined, ApplyFailed."""
    began = monotonic()
    picture = await look(world, nothing_wanted=True)
    if picture.plan and not confirm(picture):
        raise Declined
    journal = Journal(world.state.journal)
    try:
        done = await run_plan(world, "down", picture.plan, watcher, journal, stop or asyncio.Event())
        await world.machines.close()
        left = (await look(world, nothing_wanted=True)).owned
        if left:
            raise NotGone(", ".join(one.id for one in left))
    finally:
        journal.close()
    withdraw_kubeconfig(world.state, entry_name(world.cluster.name))
    world.state.remove()
    return Done(done, monotonic() - began, ())
