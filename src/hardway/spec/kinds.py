"""Which kinds of providers, balancers and sources are registered: the rules are told, they know none themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kinds:
    """The names that machines.provider, balancer.kind, sources.kind and lab.suite may have."""

    providers: frozenset[str]
    balancers: frozenset[str]
    sources: frozenset[str]
    suites: frozenset[str] = frozenset({"bookworm", "noble", "trixie"})


DEFAULT_KINDS: Final = Kinds(
    providers=frozenset({"lab", "openstack"}),
    balancers=frozenset({"haproxy", "octavia", "lbaasv2", "external"}),
    sources=frozenset({"auto", "upstream", "go", "cache"}),
)
