"""Whether the processes behind the services bear the loss of a computer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from hardway.cloud.check.report import Finding, Standing
from hardway.cloud.check.service import Agent

EXEMPT: Final = frozenset({"cinder-volume"})
"""As in the article's cloud: it holds its volumes, and most of its back ends bear but one."""


def about(service: str) -> str:
    return f"{service}: processes on two computers or more"


def redundancy(service: str, agents: Sequence[Agent]) -> Finding:
    """All that is amiss at once. A service that lists no processes tells only an administrator (Neutron does so)."""
    if not agents:
        return not_known(service, NOT_TOLD)
    kinds = groupby(sorted(agents, key=lambda agent: agent.kind), key=lambda agent: agent.kind)
    judged = {kind: _judged(kind, list(those)) for kind, those in kinds}
    amiss = [what for what in judged.values() if what]
    if amiss:
        return Finding(about(service), Standing.AMISS, "; ".join(amiss), ADVICE)
    return Finding(about(service), Standing.FINE, ", ".join(judged))


NOT_TOLD: Final = "only an administrator is told"
ADVICE: Final = "Run them on other computers too, and start those that are dead."


def _judged(kind: str, agents: Sequence[Agent]) -> str:
    """What is amiss; empty where nothing is."""
    alive = sorted({agent.host for agent in agents if agent.alive})
    dead = sorted({agent.host for agent in agents if not agent.alive} - set(alive))
    told = f"; no heartbeat from {', '.join(dead)}" if dead else ""
    if not alive:
        return f"{kind}: none is alive{told}"
    if len(alive) == 1 and kind not in EXEMPT:
        return f"{kind}: only on {alive[0]}{told}"
    return f"{kind}{told}" if dead else ""


def not_known(service: str, why: str) -> Finding:
    return Finding(about(service), Standing.NOT_KNOWN, why)


def hosts(agents: Mapping[str, Sequence[Agent]]) -> frozenset[str]:
    """The names of all computers that processes run on."""
    return frozenset(agent.host.partition("@")[0] for those in agents.values() for agent in those)
