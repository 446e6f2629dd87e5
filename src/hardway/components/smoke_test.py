"""What `hardway verify` runs in pods: its image lies on every worker beforehand, so that no check waits for it."""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.layout import image
from hardway.resources.base import Chapter, Resource
from hardway.spec.model import Cluster


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The image on each worker."""
    return tuple(image(cluster, worker.name, Chapter.SMOKE_TEST, "image-probe") for worker in cluster.workers)


SMOKE_TEST: Final = Component("smoke-test", wanted)
