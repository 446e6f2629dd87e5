"""What all objects of a cloud share: they are on the operator's side, and known by a name."""

from __future__ import annotations

from dataclasses import dataclass

from hardway.resources.base import OPERATOR, Chapter, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudObject(Resource):
    """An object of a cloud that is no server. Attribute for references: `id`."""

    machine: str = OPERATOR
    chapter: Chapter = Chapter.MACHINES
    label: str
    """Its name in the cloud, or what its kind is known by there."""

    @property
    def name(self) -> str:
        return self.label


def object_id(kind: str, label: str) -> str:
    """The id of such a resource."""
    return f"{kind}:{OPERATOR}:{label}"
