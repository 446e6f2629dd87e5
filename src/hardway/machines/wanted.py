"""What the machines shall hold, as last told: who reads what, who belongs together, what is secret. No I/O."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hardway.engine.handler import Resolve
from hardway.plan.steps import Step
from hardway.resources.base import Ref, Resource, Unknown
from hardway.resources.host import File, Program, Unit

SHORTEST_SECRET: Final = 8
"""Characters: a shorter line of a secret file is no secret by itself."""

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)


class Wanted:
    """The machines' resources by id; a later telling of the same id overrides."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._readers: Mapping[str, Sequence[str]] = {}

    def learn(self, resources: Iterable[Resource]) -> None:
        """Takes note of what shall be."""
        self._resources.update((one.id, one) for one in resources)
        readers: defaultdict[str, list[str]] = defaultdict(list)
        for unit in self._units():
            for read in unit.restart_on:
                readers[read].append(unit.unit)
        self._readers = readers

    def replace(self, resources: Iterable[Resource]) -> None:
        """Forgets all that was told before."""
        self._resources = {}
        self.learn(resources)

    def get(self, resource_id: str) -> Resource | None:
        return self._resources.get(resource_id)

    def on(self, machine: str) -> list[Resource]:
        """Everything on one machine."""
        return [one for one in self._resources.values() if one.machine == machine]

    def readers(self, resource_id: str) -> tuple[str, ...]:
        """The units that read it."""
        return tuple(self._readers.get(resource_id, ()))

    def members(self, group: str) -> Sequence[Unit]:
        """The units of a budget's group."""
        return [unit for unit in self._units() if unit.budget is not None and unit.budget.group == group]

    def inputs(self, step: Step, resolve: Resolve) -> str:
        """The digest of what the step's unit reads. Raises KeyError for what was never made."""
        planned = [one.after for one in step.differences if one.attribute == "inputs"]
        if not planned:
            return step.seen.attributes["inputs"]
        if isinstance(planned[0], str):
            return planned[0]
        inputs = step.resource.attributes(lambda ref: self._value(ref, resolve))["inputs"]
        if isinstance(inputs, Unknown):
            raise KeyError(f"what {step.resource.name} reads is not known")
        return inputs

    def _value(self, ref: Ref, resolve: Resolve) -> bytes:
        resource = self._resources.get(ref.resource)
        if not isinstance(resource, File | Program):
            return resolve(ref)
        value = resource.attributes(resolve)[ref.attribute]
        if isinstance(value, Unknown):
            raise KeyError(f"{ref.resource} has no {ref.attribute} yet")
        return value.encode()

    def masked(self, text: str, resources: Iterable[Resource], resolve: Resolve) -> str:
        """The text without the secrets of these resources, and of the files that these units read."""
        text = _PRIVATE_KEY.sub("***", text)
        for secret in sorted(self._secrets(resources, resolve), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _secrets(self, resources: Iterable[Resource], resolve: Resolve) -> frozenset[str]:
        files = [one for one in self._with_read(resources) if isinstance(one, File)]
        values = (_value_or_nothing(ref, resolve) for file in files for ref in file.refs if ref.secret)
        lines = (line.strip() for value in values for line in (value, *value.splitlines()))
        return frozenset(line for line in lines if len(line) >= SHORTEST_SECRET)

    def _with_read(self, resources: Iterable[Resource]) -> Iterable[Resource]:
        for resource in resources:
            yield resource
            if isinstance(resource, Unit):
                yield from (self._resources[one] for one in resource.restart_on if one in self._resources)

    def _units(self) -> Iterable[Unit]:
        return (one for one in self._resources.values() if isinstance(one, Unit))


def _value_or_nothing(ref: Ref, resolve: Resolve) -> str:
    try:
        return resolve(ref).decode(errors="replace")
    except KeyError:
        return ""
