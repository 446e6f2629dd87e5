"""The lab's own kinds of resources: base image, network, machines, the forward to the API. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hardway.lab.layout import Layout
from hardway.lab.recipe import recipe_digest
from hardway.resources.base import OPERATOR, Attributes, Chapter, Known, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage(Resource):
    """The tree below every machine's disk, in the cache. No lab owns it, so it stays when labs go."""

    kind: ClassVar[str] = "lab-base"
    removal: ClassVar[int] = 260
    machine: str = OPERATOR
    chapter: Chapter = Chapter.MACHINES
    suite: str

    @property
    def name(self) -> str:
        return self.suite

    def attributes(self, known: Known) -> Attributes:
        return {"recipe": recipe_digest(self.suite)}

    def describe(self) -> str:
        return f"base image of lab machines, {self.suite}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabNetwork(Resource):
    """The bridge in a network namespace, and the operator's address on it."""

    kind: ClassVar[str] = "lab-network"
    removal: ClassVar[int] = 250
    machine: str = OPERATOR
    chapter: Chapter = Chapter.MACHINES
    lab: str
    operator: str
    """Address and prefix length."""

    @property
    def name(self) -> str:
        return self.lab

    def attributes(self, known: Known) -> Attributes:
        return {"operator": self.operator}

    def describe(self) -> str:
        return f"network of lab {self.lab}, operator at {self.operator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabMachine(Resource):
    """A systemd-nspawn machine that runs."""

    kind: ClassVar[str] = "machine"
    removal: ClassVar[int] = 200
    chapter: Chapter = Chapter.MACHINES
    address: str
    suite: str

    @property
    def name(self) -> str:
        return self.machine

    def attributes(self, known: Known) -> Attributes:
        return {"address": self.address, "suite": self.suite, "running": "yes"}

    def describe(self) -> str:
        return f"lab machine {self.machine} at {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward(Resource):
    """A loopback port of this computer that leads to the API. Attribute for references: `url`."""

    kind: ClassVar[str] = "forward"
    removal: ClassVar[int] = 150
    machine: str = OPERATOR
    chapter: Chapter = Chapter.MACHINES
    lab: str
    target: str
    """address:port in the lab."""
    port: int
    """0 for a free one."""

    @property
    def name(self) -> str:
        return self.lab

    def attributes(self, known: Known) -> Attributes:
        port = {"port": str(self.port)} if self.port else {}
        return {"target": self.target, "running": "yes", **port}

    def describe(self) -> str:
        return f"forward from a loopback port to {self.target} in lab {self.lab}"


def forward_id(lab: str) -> str:
    """The id of a lab's forward."""
    return f"{Forward.kind}:{OPERATOR}:{lab}"


def wanted(layout: Layout) -> Sequence[Resource]:
    """All that a lab consists of."""
    lab = layout.place.lab
    base = BaseImage(suite=layout.suite)
    network = LabNetwork(lab=lab, operator=layout.network.operator_interface)
    needs = (base.id, network.id)
    machines = (
        LabMachine(machine=name, address=str(address), suite=layout.suite, needs=needs)
        for name, address in layout.addresses.items()
    )
    return (base, network, *machines, Forward(lab=lab, target=layout.api, port=layout.port, needs=(network.id,)))
