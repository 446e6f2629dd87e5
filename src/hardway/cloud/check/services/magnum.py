"""Magnum: clusters of containers. Proved with a cluster's template: a cluster would take a quarter of an hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Untried, Wrong
from hardway.cloud.check.versions import told_by


def _template(cloud: Cloud, made: Made) -> Proved:
    """Magnum asks Glance, Nova and Neutron for what a template names, so this proves its way to them too."""
    api = cloud.api.container_infrastructure_management
    name = cloud.name("template")
    template = api.create_cluster_template(
        name=name,
        coe="kubernetes",
        image_id=_image(cloud.api.image.images(status="active")).id,
        external_network_id=_external_network(cloud),
    )
    made.undo("template", partial(api.delete_cluster_template, template, ignore_missing=False))
    back = api.get_cluster_template(template.uuid)
    if (back.name, back.coe) != (name, "kubernetes"):
        raise Wrong(f"the template comes back as {back.name} for {back.coe}")
    return Proved("a template of a Kubernetes cluster was made and read back")


def _image(images: Iterable[Any]) -> Any:
    """Magnum takes images that say which distribution they are. Raises Untried."""
    found = next((one for one in images if one.os_distro), None)
    if found is None:
        raise Untried("no image says which distribution it is (property os_distro)")
    return found


def _external_network(cloud: Cloud) -> str:
    for network in cloud.api.network.networks(is_router_external=True):
        return str(network.id)
    raise Untried("there is no external network")


def _sweep(cloud: Cloud) -> None:
    api = cloud.api.container_infrastructure_management
    for template in cloud.leftovers(api.cluster_templates()):
        api.delete_cluster_template(template)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    told = asked(cloud.api.container_infrastructure_management.get("/mservices"))["mservices"]
    return [Agent(one["binary"], one["host"], one["state"] == "up") for one in told]


MAGNUM = Service(
    name="Magnum",
    counterpart="ECS, EKS",
    type="container-infrastructure-management",
    there=lambda cloud: cloud.has("container-infrastructure-management"),
    version=told_by("container-infrastructure-management"),
    proofs=(Proof("template", "a template of a cluster is made and comes back", _template),),
    sweep=_sweep,
    agents=_agents,
)
