"""A Project as objects of Kubernetes, and what became of each part. Pure; the converter's stages on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hardway.compose.converting.modes import tell_modes
from hardway.compose.converting.names import label, labels, project_labels
from hardway.compose.converting.network import service_objects, tell_networks, tell_ports, tell_twice_published
from hardway.compose.converting.parts import Around, Body, Names
from hardway.compose.converting.storage import claim
from hardway.compose.converting.support import tell_keys
from hardway.compose.converting.workloads import Workload, workload
from hardway.compose.diagnostics import Diagnostic, Kind, Telling
from hardway.compose.model import Project
from hardway.compose.tree import at

TAKEN: Final = frozenset({"default", "hardway"})
"""Namespaces that are not a project's, beside those that begin with kube-."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a project is on a cluster."""

    namespace: Body
    claims: tuple[Body, ...]
    objects: tuple[Body, ...]
    """ConfigMaps, Secrets, Services."""
    workloads: tuple[Workload, ...]
    names: Names
    diagnostics: tuple[Diagnostic, ...]

    @property
    def refused(self) -> tuple[Diagnostic, ...]:
        return tuple(one for one in self.diagnostics if one.kind is Kind.REFUSED)

    def bodies(self) -> Iterator[Body]:
        """All objects, each after what it needs."""
        yield self.namespace
        yield from self.claims
        yield from self.objects
        yield from (one.body for one in self.workloads)


def convert(project: Project, *, lax: bool = False) -> Converted:
    """`lax` leaves out keys that have no place on a cluster, and tells; nothing by which data could be lost."""
    telling = Telling(lax)
    around = Around(project, _names(project), telling)
    _tell_names(around)
    tell_keys(project.tree, telling)
    tell_networks(around)
    tell_twice_published(around)
    workloads = tuple(_workloads(around))
    used = {key for one in workloads for key in one.claims}
    claims = tuple(claim(one, around) for key, one in project.volumes.items() if key in used and not one.external)
    held = [body for one in workloads for body in one.objects]
    objects = (*held, *service_objects(around))
    said = tuple(sorted(telling.said, key=lambda one: (one.place.file, one.place.line, one.place.column)))
    return Converted(_namespace(around), claims, objects, workloads, around.names, said)


def _workloads(around: Around) -> Iterator[Workload]:
    for service in around.project.services:
        tell_ports(service, around)
        tell_modes(service, around)
        yield workload(service, around)


def _names(project: Project) -> Names:
    claims = labels(volume.name for volume in project.volumes.values())
    return Names(
        namespace=label(project.name),
        services=labels(service.name for service in project.services),
        claims={key: claims[volume.name] for key, volume in project.volumes.items()},
    )


def _tell_names(around: Around) -> None:
    project, telling = around.project, around.telling
    place = at(project.tree, ("name",))[1]
    namespace = around.names.namespace
    if namespace in TAKEN or namespace.startswith("kube-"):
        telling.refuse(place, ("name",), f"the namespace {namespace} is the cluster's own", "give another name with -p")
    if namespace != project.name:
        telling.renamed(place, ("name",), f"{project.name!r} is the namespace {namespace}")
    for volume in project.volumes.values():
        if around.names.claims[volume.key] != volume.name:
            what = f"{volume.name!r} is the claim {around.names.claims[volume.key]}"
            telling.renamed(volume.place, ("volumes", volume.key), what)
    for service in project.services:
        name = around.names.services[service.name]
        if name != service.name:
            what = f"{service.name!r} is {name} on the cluster: a name of DNS"
            way_out = f"let others ask for {name}" + _mentions(service.name, around.project)
            telling.renamed(service.place, ("services", service.name), what, way_out)


def _mentions(name: str, project: Project) -> str:
    """Which variables of others speak of it."""
    found = [
        f"{other.name}'s {variable}"
        for other in project.services
        for variable, value in other.environment.items()
        if name in value and other.name != name
    ]
    return f" (it stands in {', '.join(found[:3])})" if found else ""


def _namespace(around: Around) -> Body:
    meta = {"name": around.names.namespace, "labels": project_labels(around.project.name)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def by_name(workloads: Sequence[Workload]) -> Mapping[str, Workload]:
    """Workloads by their service."""
    return {one.service.name: one for one in workloads}
