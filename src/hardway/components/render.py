"""Every file of every machine as text, as it would be laid, without touching anything: secrets are masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hardway.components.credentials import to_yaml
from hardway.resources.base import OPERATOR, Content, Ref, Resource
from hardway.resources.host import File
from hardway.resources.kubernetes import KubeObject
from hardway.resources.operator import StateFile

MASK = "***"


def render(resources: Iterable[Resource]) -> Mapping[str, str]:
    """Text by path: MACHINE/etc/... for files, operator/... for the state directory and for API objects."""
    return dict(sorted(pair for resource in resources for pair in _rendered(resource)))


def _rendered(resource: Resource) -> Iterator[tuple[str, str]]:
    if isinstance(resource, File):
        yield f"{resource.machine}{resource.path}", _text(resource.content)
    if isinstance(resource, StateFile):
        yield f"{OPERATOR}/{resource.path}", _text(resource.content)
    if isinstance(resource, KubeObject):
        yield f"{OPERATOR}/objects/{_file_name(resource)}", to_yaml(resource.body)


def _file_name(resource: KubeObject) -> str:
    """kube-system-Deployment-coredns.yaml; a colon in a role's name is no good in a file's."""
    body = resource.body
    parts = (body["metadata"].get("namespace"), body["kind"], body["metadata"]["name"])
    return "-".join(part for part in parts if part).replace(":", "-") + ".yaml"


def _text(content: Content) -> str:
    return "".join(part if isinstance(part, str) else _stand_in(part) for part in content.parts)


def _stand_in(ref: Ref) -> str:
    kind, _, name = ref.resource.split(":", 2)
    return MASK if ref.secret else f"({kind} {name})"
