"""The cluster of the article, as components want it."""

from __future__ import annotations

import pytest

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.components.registry import wanted
from hardway.resources.base import Content, Resource
from hardway.spec.model import Cluster

API_URL = Content.of("https://127.0.0.1:6443")


def facts_of(cluster: Cluster, facts: Facts = DEFAULT_FACTS) -> dict[str, Facts]:
    """The same facts for every machine."""
    return {machine.name: facts for machine in cluster.all_machines}


def resources_of(cluster: Cluster, facts: Facts = DEFAULT_FACTS) -> tuple[Resource, ...]:
    """What all components want."""
    return wanted(cluster, facts_of(cluster, facts), API_URL)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """All defaults: three masters, three workers, two balancers."""
    return Cluster(name="hardway")


@pytest.fixture(scope="session")
def resources(cluster: Cluster) -> tuple[Resource, ...]:
    return resources_of(cluster)
