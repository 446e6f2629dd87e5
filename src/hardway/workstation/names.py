"""Which names of a cluster lead to which address from this computer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

from hardway.spec.model import Cluster

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A line of /etc/hosts (hosts(5))."""

    address: str
    names: tuple[str, ...]
    """The full name first."""

    def __str__(self) -> str:
        return " ".join((self.address, *self.names))


def host_entries(cluster: Cluster) -> tuple[HostEntry, ...]:
    """The API's name, and those of machines that have an address from outside.

    A lab's API answers this computer at a port of the loopback address; its machines answer nobody outside of the lab.
    """
    return tuple(_entries(cluster))


def _entries(cluster: Cluster) -> Iterator[HostEntry]:
    lab = cluster.machines.provider == "lab"
    api = LOOPBACK if lab else str(cluster.api.floating_address or cluster.api.address)
    yield HostEntry(api, (f"{cluster.api.name}.{cluster.domain}", cluster.api.name))
    for machine in cluster.all_machines:
        if machine.floating_address is not None:
            yield HostEntry(str(machine.floating_address), (f"{machine.name}.{cluster.domain}", machine.name))


def hosts_lines(entries: Sequence[HostEntry], known: Set[str]) -> tuple[str, ...]:
    """The lines for what DNS does not know; `known` has the full names that it does."""
    return tuple(str(entry) for entry in dict.fromkeys(entries) if entry.names[0] not in known)
