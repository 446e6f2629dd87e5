"""What an operation works with, put together by app/: the spec, the operator's state, and who carries out what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hardway.engine.apply import handlers_by_kind
from hardway.engine.handler import Handler
from hardway.kube.handler import KubeHandler
from hardway.machines.handler import MachineHandler
from hardway.machines.provider import Provider
from hardway.resources.base import Ref
from hardway.sources.store import Store
from hardway.spec.model import Cluster
from hardway.state.directory import StateDirectory
from hardway.state.vault import Vault


@dataclass(frozen=True)
class World:
    """One cluster as this process sees it."""

    cluster: Cluster
    spec: Path
    """The spec's own file."""
    state: StateDirectory
    vault: Vault
    store: Store
    provider: Provider
    provider_handlers: Sequence[Handler]
    machines: MachineHandler
    kube: KubeHandler
    now: datetime

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return handlers_by_kind([self.vault, self.store, *self.provider_handlers, self.machines, self.kube])

    def value(self, ref: Ref) -> bytes | None:
        """What a reference stands for now; None while its resource was not made yet."""
        for place in (self.vault.value, self.store.value, self.provider.value):
            value = place(ref)
            if value is not None:
                return value
        return None

    def resolve(self, ref: Ref) -> bytes:
        """The same for a running step. Raises KeyError for what was never made."""
        value = self.value(ref)
        if value is None:
            raise KeyError(f"{ref.resource} has no {ref.attribute}")
        return value

    async def close(self) -> None:
        """Close connections and sessions."""
        await self.machines.close()
        await self.kube.close()
