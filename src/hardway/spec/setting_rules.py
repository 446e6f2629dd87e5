"""Rules about versions, names in DNS, certificates and flags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hardway.catalog.releases import RELEASES
from hardway.spec.faults import Finding, listed
from hardway.spec.kinds import Kinds
from hardway.spec.model import Cluster
from hardway.spec.owned_flags import OWNED_FLAGS


def the_version_is_known(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The Kubernetes version is one that hardway knows the other programs' versions for."""
    version = cluster.kubernetes.version
    if version in RELEASES:
        return
    if version.removeprefix("v") in RELEASES:
        way = f"write {version.removeprefix('v')}"
    else:
        way = f"use {listed(sorted(RELEASES, key=_numbers, reverse=True))}"
    yield Finding(("kubernetes", "version"), f"unknown Kubernetes version {version!r:.40}", way)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def domains_are_apart(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """The machines' domain is not within the cluster domain, where the cluster DNS answers for every name."""
    domain, inner = cluster.domain, cluster.cluster_domain
    here, also = ("domain",), (("clusterDomain",),)
    if domain == inner:
        yield Finding(here, f"{domain} is the cluster domain too", "use another domain for machines", also)
    elif domain.endswith(f".{inner}"):
        what = f"{domain} lies within the cluster domain {inner}, so pods would never find a machine by name"
        yield Finding(here, what, "use another domain for machines", also)


def domains_are_no_addresses(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No domain and no extra name of the API is an address or ends in a number (RFC 3696, 2)."""
    named = {("domain",): cluster.domain, ("clusterDomain",): cluster.cluster_domain}
    extra = {("api", "extraNames", number): name for number, name in enumerate(cluster.api.extra_names)}
    for path, name in (named | extra).items():
        if re.search(r"(^|\.)[0-9]+$", name):
            yield Finding(path, f"{name} reads as an address", "use a name; an address goes to api.floatingAddress")


def leaves_do_not_outlive_authorities(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """`leafDays` is not more than `authorityDays`."""
    certificates = cluster.certificates
    if certificates.leaf_days > certificates.authority_days:
        what = f"{certificates.leaf_days} days are more than the authorities' {certificates.authority_days}"
        also = (("certificates", "authorityDays"),)
        yield Finding(("certificates", "leafDays"), what, "let certificates end before their authority", also)


def flags_are_free(cluster: Cluster, _: Kinds) -> Iterator[Finding]:
    """No flag is given that other parts of hardway rely on: paths, identities, addresses (see *Flags* below)."""
    given = cluster.flags.model_dump(by_alias=True)
    for component, flags in given.items():
        for flag in flags:
            way = OWNED_FLAGS[component].get(flag)
            if way is not None:
                yield Finding(("flags", component, flag), f"--{flag} is hardway's own to set", way)
