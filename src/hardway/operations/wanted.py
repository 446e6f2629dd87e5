"""What the cluster shall be, all of it: machines, keys and certificates, programs, files, units, API objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.components.registry import wanted as wanted_components
from hardway.machines.provider import Provider
from hardway.pki.wanted import wanted_pki
from hardway.plan.order import machine_id
from hardway.resources.base import OPERATOR, Chapter, Resource
from hardway.resources.operator import Blob
from hardway.spec.model import Cluster

BLOB = f"blob:{OPERATOR}:"


def wanted(cluster: Cluster, facts: Mapping[str, Facts], provider: Provider) -> tuple[Resource, ...]:
    """Every resource of the cluster, by its machines' facts."""
    laid = (
        *wanted_pki(cluster),
        *wanted_components(
            cluster, facts_of(cluster, facts, provider), provider.api_url(cluster), provider.api_proxy(cluster)
        ),
    )
    machines = tuple(provider.wanted(cluster))
    known = {resource.id for resource in (*laid, *machines)}
    return (*machines, *(blob for blob in _blobs(cluster, laid) if blob.id not in known), *laid)


def facts_of(cluster: Cluster, facts: Mapping[str, Facts], provider: Provider) -> Mapping[str, Facts]:
    """The facts of all machines: those without are taken to be as the provider makes them."""
    expected = provider.expected_facts(cluster) or DEFAULT_FACTS
    return {machine.name: facts.get(machine.name, expected) for machine in cluster.all_machines}


def _blobs(cluster: Cluster, resources: Iterable[Resource]) -> Sequence[Blob]:
    """A blob for each program and image that something refers to."""
    ids = {ref.resource for resource in resources for ref in resource.refs if ref.resource.startswith(BLOB)}
    ids.add(f"{BLOB}kubectl@{cluster.kubernetes.version}")  # the operator's own
    names = [one.removeprefix(BLOB).rsplit("@", 1) for one in sorted(ids)]
    return [Blob(chapter=Chapter.TOOLS, blob=name, version=version) for name, version in names]


def is_machine(resource: Resource) -> bool:
    """Whether it is a machine itself, and not something on one."""
    return resource.id == machine_id(resource.machine)
