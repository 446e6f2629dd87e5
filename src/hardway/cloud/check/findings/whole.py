"""All findings about a cloud, in the order that they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hardway.cloud.check import lbaasv2, octavia
from hardway.cloud.check.findings import agents as processes
from hardway.cloud.check.findings import endpoints, lbaas, quotas
from hardway.cloud.check.report import Finding, Standing
from hardway.cloud.check.said import is_gone, is_refused, said
from hardway.cloud.check.service import no_agents

if TYPE_CHECKING:
    from hardway.cloud.check.cloud import Cloud
    from hardway.cloud.check.service import Agent, Service


def findings(cloud: Cloud, there: Sequence[Service], failover: str | None) -> list[Finding]:
    """Reads only. `failover` is what neutron.conf says, if one was given."""
    known, of_agents = _agents(cloud, there)
    names = endpoints.resolved(endpoints.hosts_of(cloud.endpoints))
    return [
        *of_agents,
        *endpoints.redundancy(names, processes.hosts(known)),
        endpoints.without_tls(cloud.endpoints),
        *_told(lbaas.OPTION, lambda: [lbaas.failover(failover, lbaasv2=lbaasv2.there(cloud))]),
        *_told(octavia.ABOUT, lambda: [octavia.topology(cloud)] if octavia.there(cloud) else []),
        *quotas.quota_findings(cloud),
    ]


def _agents(cloud: Cloud, there: Sequence[Service]) -> tuple[Mapping[str, Sequence[Agent]], list[Finding]]:
    known: dict[str, Sequence[Agent]] = {}
    found: list[Finding] = []
    for service in there:
        if service.agents is no_agents:
            continue
        try:
            known[service.name] = service.agents(cloud)
        except Exception as error:
            # whatever a cloud answers, the other services' are asked for all the same
            found.append(processes.not_known(service.name, _why(error)))
        else:
            found.append(processes.redundancy(service.name, known[service.name]))
    return known, found


def _why(error: Exception) -> str:
    if is_refused(error) or is_gone(error):
        return processes.NOT_TOLD
    return said(error)


def _told(about: str, read: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return read()
    except Exception as error:
        # as above
        return [Finding(about, Standing.NOT_KNOWN, said(error))]
