"""One run at a time on a cluster, whichever computer it comes from: a lock on each master, held while a run goes on.

The lock is flock(2) on a file, held by a session that reads its input: it is free again when that ends, as it does
with the run, its process or the connection, and when nothing more comes, as from a computer that lost its power. What
is written in the file is for people. Touches that file only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from shlex import quote
from typing import Final

from hardway.machines.connections import Reach
from hardway.machines.shell import PATH
from hardway.resources.host import STATE

LEASE: Final = f"{STATE}/run"
HELD: Final = "held"
TAKEN: Final = "taken"
SILENT: Final = 60
"""Seconds without a sign of life of the holder's run (`Transport.hold`) after which the lock is free again."""


class Leased(Exception):
    """Another run is at work on the cluster."""

    def __init__(self, machine: str, holder: str) -> None:
        self.what = (
            f"another run is at work on this cluster: {holder or 'it has not said which'}, by its lock on {machine}"
        )
        self.advice = f"wait until it ends, or stop it; where its computer is gone, `kill` that process on {machine}"
        self.evidence = ""
        super().__init__(self.what)


@asynccontextmanager
async def leased(reach: Reach, machines: Iterable[str], holder: str) -> AsyncIterator[None]:
    """Hold the lock on these machines; those on which nothing of ours is have none. Raises Leased, Unreachable.

    One after another in the order given, so that of two that begin at once one gets them all.
    """
    async with AsyncExitStack() as held:
        for machine in machines:
            transport = await reach(machine)
            if transport is None:
                continue
            answer = await held.enter_async_context(transport.hold(lease_script(holder)))
            word, _, who = answer.partition(" ")
            if word == TAKEN:
                raise Leased(machine, who)
        yield


def lease_script(holder: str) -> str:
    """Takes the lock and says so, or says who has it. `holder` is one line."""
    return f"""PATH={PATH}; export PATH
[ -d {STATE} ] || exit 0
umask 077
exec 8>>{LEASE}
if ! flock -n 8; then echo {TAKEN} "$(head -n 1 {LEASE})"; exit 0; fi
printf '%s; process %s here holds its lock\\n' {quote(holder)} $$ > {LEASE}
echo {HELD}
while [ -n "$(exec 8>&-; exec timeout {SILENT} head -c 1)" ]; do :; done
"""
