"""What is known of the clusters that the workstation works on: their entries for a kubeconfig, their names.

Reads specs and state directories, and asks DNS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hardway.operations.access import inline_kubeconfig
from hardway.operations.merging import authority_of, entry_name, merge_kubeconfig, merged_kubeconfig, read_kubeconfig
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.workstation.commands import run
from hardway.workstation.handlers.blocks import text_of
from hardway.workstation.handlers.contexts import entries_of
from hardway.workstation.model import ClusterEntry, Workstation
from hardway.workstation.names import HostEntry, host_entries, hosts_lines
from hardway.workstation.places import Places
from hardway.workstation.texts import block_of
from hardway.workstation.wanted import ClusterFacts

Known = Callable[[Sequence[HostEntry]], Set[str]]


class OpenWorld(Protocol):
    """Opens a cluster by its spec (as app/ does it)."""

    def __call__(self, spec: Path, *, locked: bool, command: str) -> AbstractAsyncContextManager[World]: ...


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters' own side."""

    open_world: OpenWorld
    places: Places

    async def facts(self, workstation: Workstation, folder: Path) -> tuple[ClusterFacts, ...]:
        """Of each cluster of the spec, which is in that folder. Raises SpecFaults, StateFault, Refused."""
        return tuple([await self._facts(one, folder) for one in workstation.clusters])

    async def _facts(self, entry: ClusterEntry, folder: Path) -> ClusterFacts:
        spec = (folder / Path(entry.spec).expanduser()).absolute()
        async with self.open_world(spec, locked=False, command="workstation") as world:
            name = entry_name(world.cluster.name)
            entries = self._entries(world, name)
            hosts = host_entries(world.cluster) if entry.names == "hosts" else ()
        return ClusterFacts(str(spec), name, entries, hosts_lines(hosts, await self._in_dns(hosts)))

    def _entries(self, world: World, name: str) -> str:
        """Empty where there is no cluster yet. Raises Refused where the entries cannot be merged."""
        try:
            mine = inline_kubeconfig(world)
        except Refused:
            return ""
        path = self.places.kubeconfig
        return entries_of(merged_kubeconfig(read_kubeconfig(path), mine, name, str(path)), name)

    async def _in_dns(self, entries: Sequence[HostEntry]) -> Set[str]:
        """The full names that DNS knows.

        A resolver of this computer's may answer from /etc/hosts itself: what is in our block is taken for unknown.
        """
        ours = {name for line in block_of(text_of(self.places.hosts)) or () for name in line.split()[1:]}
        asked = [entry.names[0] for entry in entries if entry.names[0] not in ours]
        return {name for name in asked if await _dns_knows(name)}

    async def merge(self, spec: Path, kubeconfig: Path) -> str:
        """Merges a cluster into a kubeconfig; answers its authority. Raises Refused."""
        async with self.open_world(spec, locked=False, command="workstation") as world:
            merge_kubeconfig(world, kubeconfig, make_current=False)
            return authority_of(inline_kubeconfig(world))


async def _dns_knows(name: str) -> bool:
    """By DNS alone (getent(1), -s): not by /etc/hosts."""
    return (await run(("getent", "-s", "dns", "ahosts", name), within=30)).status == 0
