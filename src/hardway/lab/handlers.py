"""Carries out the lab's resources: observes them, and makes, mends and removes them. One handler a kind."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from hardway.engine.handler import Context, StepFailed
from hardway.lab import whole
from hardway.lab.base import base_of, ensure_base
from hardway.lab.cgroups import keeper
from hardway.lab.disk import read_record
from hardway.lab.faults import LabFault
from hardway.lab.forward import close_forward, open_forward, read_forward
from hardway.lab.layout import Layout
from hardway.lab.machines import destroy
from hardway.lab.network import ensure_network, seen_network
from hardway.lab.resources import BaseImage, Forward, LabMachine, LabNetwork
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen


class LabHandler(ABC):
    """What the lab's handlers share: each step alone, faults told as the engine tells them."""

    kind: str

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,)

    def batch(self, step: Step) -> str | None:
        return None

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """Raises LabFault where this user may not look."""
        require_root()
        return {seen.id: seen for seen in await self.seen() if seen.exists}

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            try:
                await (self.remove(step) if step.action is Action.REMOVE else self.bring(step, context))
            except LabFault as fault:
                raise StepFailed(step.id, fault.what, fault.evidence, fault.advice) from fault
            except OSError as error:
                raise StepFailed(step.id, str(error)) from error
            context.finished(step)

    @abstractmethod
    async def seen(self) -> Sequence[Seen]:
        """What there is of this kind."""

    @abstractmethod
    def owned(self, seen: Seen) -> Resource: ...

    @abstractmethod
    async def bring(self, step: Step, context: Context) -> None:
        """Make or mend."""

    @abstractmethod
    async def remove(self, step: Step) -> None: ...


class BaseImageHandler(LabHandler):
    """The base image. It belongs to the cache and to no lab, so it is never removed."""

    kind = BaseImage.kind

    async def seen(self) -> Sequence[Seen]:
        base = base_of(self.layout.suite)
        found = {"recipe": base.digest} if base.exists else {}
        return (Seen(BaseImage(suite=base.suite).id, found),)

    def owned(self, seen: Seen) -> Resource:
        raise AssertionError("no lab owns a base image")

    async def bring(self, step: Step, context: Context) -> None:
        await ensure_base(self.layout.suite, self.layout.mirror, lambda line: context.waiting(step.id, line))

    async def remove(self, step: Step) -> None:
        raise AssertionError("no lab owns a base image")


class NetworkHandler(LabHandler):
    """The network. It goes last, and takes with it whatever is left of the lab."""

    kind = LabNetwork.kind

    async def seen(self) -> Sequence[Seen]:
        place = self.layout.place
        operator = await seen_network(place)
        if operator is None and not place.directory.exists():
            return ()
        return (Seen(self._resource(operator or "").id, {"operator": operator or "none"}, owned=True),)

    def owned(self, seen: Seen) -> Resource:
        return self._resource(seen.attributes["operator"])

    def _resource(self, operator: str) -> LabNetwork:
        return LabNetwork(lab=self.layout.place.lab, operator=operator)

    async def bring(self, step: Step, context: Context) -> None:
        await ensure_network(self.layout.place, self.layout.network)

    async def remove(self, step: Step) -> None:
        await whole.remove(self.layout.place, keeper())


class MachineHandler(LabHandler):
    """The machines: those of the spec, and those of this lab that the spec no longer has."""

    kind = LabMachine.kind

    async def seen(self) -> Sequence[Seen]:
        running = await keeper().running(self.layout.place)
        names = whole.machine_names(self.layout.place)
        return tuple(self._seen(name, name in running) for name in sorted({*names, *running - whole.NO_MACHINES}))

    def _seen(self, name: str, running: bool) -> Seen:
        record = read_record(self.layout.place.machine(name))
        made = {"address": record.address, "suite": record.suite} if record else {}
        on = "yes" if running and record else "no"
        return Seen(f"{self.kind}:{name}:{name}", {**made, "running": on}, owned=True)

    def owned(self, seen: Seen) -> Resource:
        attributes = seen.attributes
        return LabMachine(
            machine=seen.id.split(":")[1], address=attributes.get("address", ""), suite=attributes.get("suite", "")
        )

    async def bring(self, step: Step, context: Context) -> None:
        await whole.bring_machine(
            self.layout, self.layout.machine(step.machine), keeper(), lambda what: context.waiting(step.id, what)
        )

    async def remove(self, step: Step) -> None:
        await destroy(self.layout.place.machine(step.machine), keeper())


class ForwardHandler(LabHandler):
    """The forward to the API."""

    kind = Forward.kind

    async def seen(self) -> Sequence[Seen]:
        place = self.layout.place
        record = read_forward(place)
        if record is None:
            return ()
        on = "yes" if place.forward.name in await keeper().running(place) else "no"
        found = {"target": record.target, "port": str(record.port), "running": on}
        return (Seen(self._resource(record.target, record.port).id, found, owned=True),)

    def owned(self, seen: Seen) -> Resource:
        return self._resource(seen.attributes["target"], int(seen.attributes["port"]))

    def _resource(self, target: str, port: int) -> Forward:
        return Forward(lab=self.layout.place.lab, target=target, port=port)

    async def bring(self, step: Step, context: Context) -> None:
        await open_forward(self.layout.place, self.layout.api, self.layout.port, keeper())

    async def remove(self, step: Step) -> None:
        await close_forward(self.layout.place, keeper())


def handlers(layout: Layout) -> tuple[LabHandler, ...]:
    """One for each of the lab's kinds."""
    kinds = (BaseImageHandler, NetworkHandler, MachineHandler, ForwardHandler)
    return tuple(kind(layout) for kind in kinds)


def require_root() -> None:
    """Raises LabFault for anybody else."""
    if os.geteuid() != 0:
        raise LabFault("the lab needs root", advice="run hardway with sudo: it makes namespaces, mounts and machines")
